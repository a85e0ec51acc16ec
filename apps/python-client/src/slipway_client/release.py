"""What is pushed, and the number that it gets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from slipway_client.connection import Connection, at
from slipway_client.documents import Version
from slipway_client.errors import Conflict, NotFound
from slipway_client.folder import LocalFile
from slipway_client.wire import read

OPEN = ("draft", "verifying")


@dataclass(frozen=True)
class Release:
    """`version` is a number, or a step to the next one."""

    model: str
    version: str
    files: Sequence[LocalFile]
    description: str | None
    labels: Mapping[str, str]
    metadata: Mapping[str, Any]

    def place(self, number: str) -> str:
        return at("models", self.model, "versions", number)

    def document(self, number: str) -> dict[str, Any]:
        about = {"description": self.description, "labels": self.labels, "metadata": self.metadata}
        return {"version": number, **{key: value for key, value in about.items() if value}}

    def key(self, number: str) -> str:
        """The same for the same push: by it the service tells what this push has begun."""
        held = [[file.path, file.digest] for file in self.files]
        told = json.dumps([self.model, self.document(number), held], sort_keys=True)
        return f"slipway-push-{hashlib.sha256(told.encode()).hexdigest()}"


def made(connection: Connection, release: Release, number: str, answer: httpx.Response) -> Version:
    """As it is now, also where the answer is one that was given before."""
    if answer.headers.get("idempotent-replayed") != "true":
        return read(Version, connection.document_in(answer))
    try:
        return read(Version, connection.get(release.place(number)))
    except NotFound:
        raise Conflict(
            f"{release.model}:{number} was deleted, and its number is not used again: "
            "push another version",
            code="version_exists",
        ) from None
