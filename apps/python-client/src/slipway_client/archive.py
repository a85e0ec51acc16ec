"""A small package in one request: a thousand files in it cost what one does."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Sequence
from urllib.parse import urlencode

from slipway_client.connection import Connection, at
from slipway_client.documents import Version
from slipway_client.errors import Invalid
from slipway_client.folder import LocalFile, chunks_of, content_digest, sha256_of
from slipway_client.release import Release, made

# So much is sent whole, known or not, and again where it was cut off.
ARCHIVE_BYTES = 8 * 1024 * 1024
# What is told of the version stands in the URL, which has room for 16 KiB with all headers.
QUERY_BYTES = 4_000


def fits_archive(release: Release) -> bool:
    size_bytes = sum(file.size_bytes for file in release.files)
    return size_bytes <= ARCHIVE_BYTES and len(_query(release, "0" * 128)) <= QUERY_BYTES


def send_archive(connection: Connection, release: Release, number: str) -> Version:
    """The sealed version; of a package that is refused nothing stays. The same files make the same
    bytes, so that the request may come again under its key."""
    archive = _tar(release.files, connection.stop)
    answer = connection.ask(
        "POST",
        f"{at('models', release.model, 'versions')}?{_query(release, number)}",
        body=lambda: iter([archive]),
        headers={
            "content-type": "application/x-tar",
            "content-length": str(len(archive)),
            "content-digest": content_digest(sha256_of(archive)),
            "idempotency-key": release.key(number),
        },
    )
    return made(connection, release, number, answer)


def _query(release: Release, number: str) -> str:
    told = [("version", number)]
    if release.description:
        told.append(("description", release.description))
    told += [("label", f"{key}={value}") for key, value in sorted(release.labels.items())]
    if release.metadata:
        told.append(("metadata", json.dumps(release.metadata, ensure_ascii=False, sort_keys=True)))
    return urlencode(told)


def _tar(files: Sequence[LocalFile], stop: threading.Event) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file in files:
            entry = tarfile.TarInfo(file.path)
            content = b"".join(chunks_of(file.place, 0, stop))
            if sha256_of(content) != file.digest:
                raise Invalid(f"{file.path} was changed while it was pushed", code="file_changed")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()
