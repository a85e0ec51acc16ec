"""A folder becomes a version: its files first, then the seal."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from slipway_client.connection import Connection
from slipway_client.documents import Version
from slipway_client.drafts import begin, require_same
from slipway_client.errors import Conflict, Invalid, SlipwayError
from slipway_client.folder import LocalFile, digest_of, find_files
from slipway_client.numbers import is_step
from slipway_client.paging import items
from slipway_client.patience import Stopped
from slipway_client.progress import Progress
from slipway_client.release import OPEN, Release
from slipway_client.threads import for_each
from slipway_client.uploading import bring_files
from slipway_client.wire import read

log = logging.getLogger("slipway_client")

HASHED_AT_ONCE = 4


def push(
    connection: Connection,
    model: str,
    folder: Path,
    *,
    version: str,
    description: str | None,
    labels: Mapping[str, str],
    metadata: Mapping[str, Any],
    follow_links: bool,
    progress: Progress,
) -> Version:
    """Returns the sealed version. Cut off anywhere and called again, it goes on with the same
    draft."""
    is_step(version)  # or no version at all: said before anything is read
    metadata = _as_json(metadata)
    found = find_files(folder, follow_links)
    with progress.bytes_of("hashing", sum(file.size_bytes for file in found)):
        files = for_each(
            found,
            lambda file: digest_of(file, connection.stop, progress.add),
            at_once=HASHED_AT_ONCE,
            stop=connection.stop,
        )
    release = Release(model, version, files, description, labels, metadata)
    begun = begin(connection, release)
    if begun.status not in OPEN:
        return begun
    log.info("%s:%s is a draft", model, begun.version)
    bring_files(connection, release.place(begun.version), files, progress)
    return _seal(connection, release, begun)


def _as_json(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """As it will come back. Throws `Invalid`."""
    try:
        document: dict[str, Any] = json.loads(json.dumps(metadata, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise Invalid(
            f"the metadata is no JSON document ({error}): turn its values into numbers and text",
            code="invalid_metadata",
        ) from None
    return document


def _seal(connection: Connection, release: Release, draft: Version) -> Version:
    """Waits while a worker reads what came in pieces. Throws `Invalid` where the package cannot be
    served: then the draft stays open."""
    place = release.place(draft.version)
    while True:
        try:
            return read(Version, connection.document_in(connection.post(f"{place}/seal")))
        except Conflict as error:
            if error.code == "version_sealed":  # by the same push, run twice at once
                return require_same(connection, release, read(Version, connection.get(place)))
            if error.code != "files_verifying":
                raise
            _require_no_failure(connection, place, release.files)
            if connection.stop.wait(1):
                raise Stopped from None
        except Invalid as error:
            error.detail += (
                f"; the draft {draft.version} stays open: mend the folder, "
                f'and push again with version="{draft.version}"'
            )
            raise


def _require_no_failure(connection: Connection, place: str, files: Sequence[LocalFile]) -> None:
    wanted = {(file.path, file.digest) for file in files}
    for item in items(connection, f"{place}/uploads"):
        if item["status"] == "failed" and (item["path"], item["digest"]) in wanted:
            raise SlipwayError(
                f"{item['path']} did not come as it is: {item['error']['message']}; push again",
                code=item["error"]["code"],
            )
