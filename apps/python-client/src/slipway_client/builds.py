"""What becomes of a version after its seal."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx

from slipway_client.connection import Connection, at
from slipway_client.documents import Build, LogLine, Version
from slipway_client.errors import BuildFailed, SlipwayError, StillBuilding
from slipway_client.progress import Progress
from slipway_client.wire import read

MAKING = ("sealed", "building")
LAST_LINES = 10
# Between the end of a build and what its version says of it.
MOMENT_SECONDS = 0.2
# The service says something at least every 15 s.
SILENT_SECONDS = 60.0


def wait_ready(
    connection: Connection, version: Version, seconds: float | None, progress: Progress
) -> Version:
    """Until its image is in the registry. Throws `BuildFailed`, and `StillBuilding` after
    `seconds`."""
    until = None if seconds is None else time.monotonic() + seconds
    place = at("models", version.model, "versions", version.version)
    last: list[str] = []
    with progress.lines_of(f"building {version.model}:{version.version}"):
        while version.status in MAKING and version.build is not None:
            if version.status == "sealed" and version.build.status in ("cancelled", "failed"):
                break
            try:
                for line in follow(connection, version.build.id, until):
                    progress.say(line.text[:100])
                    last = [*last[1 - LAST_LINES :], line.text]
            except _TimeOver:
                raise StillBuilding(
                    f"{version.model}:{version.version} is not ready yet, and is built further: "
                    f'wait("{version.model}", "{version.version}") goes on waiting',
                    code="still_building",
                ) from None
            version = read(Version, connection.get(place))
            time.sleep(0 if version.status == "ready" else MOMENT_SECONDS)
    if version.status != "ready":
        raise _failure(connection, version, last)
    return version


def _failure(connection: Connection, version: Version, last: list[str]) -> SlipwayError:
    name = f"{version.model}:{version.version}"
    if version.build is None:
        return BuildFailed(f"{name} is {version.status}, and has no build", code="no_build")
    build = read(Build, connection.get(at("builds", version.build.id)))
    errors = [{"where": "log", "message": line} for line in last]
    if build.error is None:
        detail = f"{name} is {version.status}; its build {build.id} was {build.status}"
        return BuildFailed(detail, code=f"build_{build.status}", errors=errors)
    detail = f"{name} could not be built: {build.error.message}"
    return BuildFailed(detail, code=build.error.code, errors=errors)


class _TimeOver(Exception):
    pass


def follow(connection: Connection, build_id: str, until: float | None = None) -> Iterator[LogLine]:
    """The log of a build to its end, whatever is cut off meanwhile (`Last-Event-ID`)."""
    patience = connection.patience()
    last_id: str | None = None
    while True:
        try:
            for event in _events(connection, build_id, last_id, until):
                patience.reset()
                if event.name == "end":
                    return
                last_id = event.id
                yield read(LogLine, event.document)
            error = SlipwayError("the log ended before its build", code="log_cut")
        except (SlipwayError, httpx.TransportError) as raised:
            if until is not None and time.monotonic() >= until:
                raise _TimeOver from None
            if isinstance(raised, SlipwayError):
                error = raised
                if not connection.may_pass(raised):
                    raise
            else:
                error = connection.unreachable(raised)
        if not patience.pause(error.retry_after):
            raise error from None


class _Event:
    def __init__(self, lines: list[str]) -> None:
        fields = dict(line.split(": ", 1) for line in lines)
        self.name = fields.get("event", "message")
        self.id = fields.get("id")
        self.document: dict[str, Any] = json.loads(fields.get("data", "{}"))


def _events(
    connection: Connection, build_id: str, last_id: str | None, until: float | None
) -> Iterator[_Event]:
    """Server-sent events (WHATWG HTML §9.2), as the service writes them: one field a line."""
    headers = {"accept": "text/event-stream"}
    if last_id is not None:
        headers["last-event-id"] = last_id
    with connection.stream(
        "GET", f"{at('builds', build_id)}/log", headers=headers, silent_seconds=_silence(until)
    ) as answer:
        lines: list[str] = []
        for line in answer.iter_lines():
            if until is not None and time.monotonic() >= until:
                raise _TimeOver
            if line == "":
                if lines:
                    yield _Event(lines)
                lines = []
            elif not line.startswith(":"):
                lines.append(line)


def _silence(until: float | None) -> float:
    if until is None:
        return SILENT_SECONDS
    return min(SILENT_SECONDS, max(0.05, until - time.monotonic()))
