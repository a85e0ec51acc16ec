"""Tags move, wait, are refused and go back."""

import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_process import PATIENCE_SECONDS
from conftest import SERVICE
from packages import small_package

from slipway_client import Conflict, NotFound, Promotion, PromotionRefused, Slipway, Tag


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """With two versions that are ready."""
    with Slipway(SERVICE, progress=False) as client:
        for number in ("1.0.0", "1.1.0"):
            folder = small_package(tmp_path_factory.mktemp(number) / "package", number)
            client.push("promoted", folder, version=number)
    return "promoted"


def test_moves_a_tag_and_rolls_it_back(slipway: Slipway, model: str) -> None:
    first = slipway.promote(model, "1.0.0", "prod", reason="first")
    second = slipway.promote(model, "1.1.0", "prod", reason="auc +0.02")
    assert isinstance(first, Tag)
    assert isinstance(second, Tag)
    assert (second.version, second.revision, second.reason) == ("1.1.0", 2, "auc +0.02")
    image = slipway.version(model, "prod").image
    assert image is not None
    assert second.image_digest == image.digest
    back = slipway.rollback(model, "prod", reason="incident 42")
    assert isinstance(back, Tag)
    assert (back.version, back.revision) == ("1.0.0", 3)
    moves = [(move.from_, move.to, move.reason) for move in slipway.history(model, "prod")]
    assert moves == [
        ("1.1.0", "1.0.0", "incident 42"),
        ("1.0.0", "1.1.0", "auc +0.02"),
        (None, "1.0.0", "first"),
    ]
    assert slipway.tag(model, "prod").version == "1.0.0"
    assert {tag.tag for tag in slipway.tags(model)} >= {"latest", "prod"}
    assert slipway.model(model).tags["prod"] == "1.0.0"


def test_moves_a_tag_only_from_the_revision_that_was_read(slipway: Slipway, model: str) -> None:
    set_now = slipway.promote(model, "1.0.0", "canary", if_revision=0)
    assert isinstance(set_now, Tag)
    with pytest.raises(Conflict) as moved:
        slipway.promote(model, "1.1.0", "canary", if_revision=0)
    assert (moved.value.status, moved.value.code) == (412, "tag_moved")
    slipway.promote(model, "1.1.0", "canary", if_revision=set_now.revision)
    with pytest.raises(Conflict, match="revision"):
        slipway.promote(model, "1.0.0", "canary", if_revision=set_now.revision)


def test_says_why_a_tag_cannot_move(slipway: Slipway, model: str, name: str, package: Path) -> None:
    with pytest.raises(NotFound, match=r"9\.0\.0"):
        slipway.promote(model, "9.0.0", "prod")
    with pytest.raises(NotFound):
        slipway.rollback(model, "nobody-set-this")
    slipway.push(name, package, metadata={"unresolvable": "x"}, wait=False)
    with pytest.raises(Conflict) as refused:
        slipway.promote(name, "1.0.0", "prod")
    assert refused.value.code == "version_not_ready"


def ask(model: str, rules: dict[str, Any]) -> None:
    """A policy of its `prod`."""
    httpx.put(
        f"{SERVICE}/v1/policies/{model}/prod", json=rules, timeout=PATIENCE_SECONDS
    ).raise_for_status()


def test_hands_out_a_move_that_waits(slipway: Slipway, name: str, package: Path) -> None:
    slipway.push(name, package)
    ask(name, {"checks": ["evaluation"]})
    waiting = slipway.promote(name, "1.0.0", "prod", reason="first")
    assert isinstance(waiting, Promotion)
    assert (waiting.status, waiting.version, waiting.reason) == ("waiting", "1.0.0", "first")
    [verdict] = waiting.verdicts
    assert (verdict.rule, verdict.status) == ("checks", "waiting")
    assert verdict.policy is not None
    assert verdict.policy.models == name
    assert [one.id for one in slipway.promotions(model=name, status="waiting")] == [waiting.id]
    with pytest.raises(NotFound):
        slipway.tag(name, "prod")
    check = {"name": "evaluation", "status": "passed"}
    place = f"{SERVICE}/v1/models/{name}/versions/1.0.0/checks"
    httpx.post(place, json=check, timeout=PATIENCE_SECONDS).raise_for_status()
    until = time.monotonic() + PATIENCE_SECONDS
    while slipway.promotion(waiting.id).status == "waiting":
        assert time.monotonic() < until
        time.sleep(0.05)
    assert slipway.tag(name, "prod").version == "1.0.0"


def test_lets_a_move_wait_until_a_time(slipway: Slipway, model: str) -> None:
    tomorrow = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=1)
    waiting = slipway.promote(model, "1.0.0", "later", not_before=tomorrow)
    assert isinstance(waiting, Promotion)
    assert waiting.not_before == tomorrow
    with pytest.raises(Conflict) as open_already:
        slipway.promote(model, "1.1.0", "later")
    assert open_already.value.code == "promotion_open"


def test_says_which_rules_refuse_a_move(slipway: Slipway, name: str, tmp_path: Path) -> None:
    for number, auc in (("1.0.0", 0.9), ("1.1.0", 0.8)):
        folder = small_package(tmp_path / number, number)
        slipway.push(name, folder, version=number, metadata={"auc": auc})
    slipway.promote(name, "1.0.0", "prod")
    slipway.promote(name, "1.1.0", "prod")
    ask(name, {"conditions": [{"expression": "candidate.metadata.auc > 0.95"}]})
    with pytest.raises(PromotionRefused) as refused:
        slipway.promote(name, "1.0.0", "prod")
    assert (refused.value.status, refused.value.code) == (403, "promotion_refused")
    [rule] = refused.value.errors
    assert rule["where"].endswith("conditions")
    assert rule["message"] in str(refused.value)
    with pytest.raises(PromotionRefused):
        slipway.rollback(name, "prod")
    back = slipway.rollback(name, "prod", reason="incident 42", force=True)
    assert isinstance(back, Tag)
    assert back.version == "1.0.0"
