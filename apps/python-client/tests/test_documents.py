"""Answers of older and newer services."""

from datetime import datetime, timezone

import pytest

from slipway_client import SlipwayError, Tag, Version
from slipway_client.wire import read

TAG = {
    "model": "churn",
    "tag": "prod",
    "version": "1.2.0",
    "imageDigest": "sha256:00",
    "revision": 3,
    "movedAt": "2026-11-01T00:00:00.000Z",
    "movedBy": "ada",
}


def test_passes_over_what_a_newer_service_adds() -> None:
    tag = read(Tag, {**TAG, "reason": "why", "mood": "fine", "registries": [{"new": 1}]})
    assert tag.moved_at == datetime(2026, 11, 1, tzinfo=timezone.utc)
    assert (tag.image_digest, tag.reason) == ("sha256:00", "why")


def test_says_what_an_older_service_leaves_out() -> None:
    with pytest.raises(SlipwayError, match="has no imageDigest") as unexpected:
        read(Tag, {key: value for key, value in TAG.items() if key != "imageDigest"})
    assert unexpected.value.code == "unexpected_answer"


def test_takes_null_for_what_is_not_there_yet() -> None:
    draft = {
        "model": "churn",
        "version": "1.2.0",
        "number": 1,
        "status": "draft",
        "sizeBytes": 0,
        "fileCount": 0,
        "createdAt": "2026-11-01T00:00:00Z",
        "createdBy": "ada",
        "build": None,
        "image": None,
        "proof": None,
        "sealedAt": None,
        "tags": [],
    }
    version = read(Version, draft)
    assert (version.image, version.sealed_at, version.tags) == (None, None, ())
