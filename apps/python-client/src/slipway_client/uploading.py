"""Files of a draft on their way: those that are not known yet, several at once."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator, Sequence
from urllib.parse import quote, urlsplit

from slipway_client.connection import Connection
from slipway_client.errors import Conflict, Invalid, NotFound, SlipwayError
from slipway_client.folder import LocalFile, chunks_of, content_digest, has_changed
from slipway_client.paging import items
from slipway_client.progress import Progress
from slipway_client.threads import for_each

log = logging.getLogger("slipway_client")

# Up to here a file that is cut off is sent again whole: by tus it would take twice the time.
WHOLE_BYTES = 32 * 1024 * 1024
AT_ONCE = 6
NAMED_AT_ONCE = 1_000
TUS = {"tus-resumable": "1.0.0"}


def bring_files(
    connection: Connection, draft: str, files: Sequence[LocalFile], progress: Progress
) -> None:
    """Makes the draft hold these files and no others. What it has is left, what the service knows
    is named, the rest sent: large files go on where a run before this one was cut off."""
    there = {item["path"]: item["digest"] for item in items(connection, f"{draft}/files")}
    wanted = {file.path: file for file in files}
    for path in there:
        if path not in wanted:
            connection.ask("DELETE", f"{draft}/files/{quote(path)}")
    absent = [file for file in files if there.get(file.path) != file.digest]
    missing = _name(connection, draft, absent)
    begun = {
        (item["path"], item["digest"]): item["id"]
        for item in (items(connection, f"{draft}/uploads") if missing else ())
        if item["kind"] == "resumable" and item["status"] == "open"
    }
    total = sum(file.size_bytes for file in files)
    to_send = sum(file.size_bytes for file in missing)
    log.info("%d of %d bytes are known already", total - to_send, total)
    missing.sort(key=lambda file: -file.size_bytes)  # the longest is not begun last

    def send(file: LocalFile) -> None:
        sender = _Sender(connection, draft, file, progress)
        try:
            if file.size_bytes <= WHOLE_BYTES:
                sender.send_whole()
            else:
                sender.send_resumable(begun.get((file.path, file.digest)))
        except SlipwayError as error:
            if has_changed(file):
                raise Invalid(
                    f"{file.path} was changed while it was pushed: push again when it stays",
                    code="file_changed",
                ) from error
            raise

    with progress.bytes_of("sending", total, done=total - to_send):
        for_each(missing, send, at_once=AT_ONCE, stop=connection.stop)


def _name(connection: Connection, draft: str, files: Sequence[LocalFile]) -> list[LocalFile]:
    """Puts files into the draft by their digests; returns those that have to be sent."""
    missing: list[LocalFile] = []
    for start in range(0, len(files), NAMED_AT_ONCE):
        batch = {file.path: file for file in files[start : start + NAMED_AT_ONCE]}
        named = [{"path": file.path, "digest": file.digest} for file in batch.values()]
        answer = connection.document_in(connection.post(f"{draft}/files", {"files": named}))
        missing += [batch[item["path"]] for item in answer["missing"]]
    return missing


class _Sender:
    def __init__(
        self, connection: Connection, draft: str, file: LocalFile, progress: Progress
    ) -> None:
        self._connection = connection
        self._draft = draft
        self._file = file
        self._progress = progress
        self._counted = 0

    def send_whole(self) -> None:
        self._connection.ask(
            "PUT",
            f"{self._draft}/files/{quote(self._file.path)}",
            body=lambda: self._bytes_from(0),
            headers={
                "content-length": str(self._file.size_bytes),
                "content-type": "application/octet-stream",
                "content-digest": content_digest(self._file.digest),
            },
        )
        self._count_to(self._file.size_bytes)

    def send_resumable(self, known: str | None) -> None:
        """By tus 1.0, in as many requests as it takes: patience ends where none of them gets
        further."""
        patience = self._connection.patience()
        upload = None if known is None else f"{self._draft}/resumable/{known}"
        furthest = 0
        is_free = upload is None
        while True:
            try:
                if upload is None:
                    upload = self._begin()
                offset = self._offset(upload)
                if offset > furthest:
                    patience.reset()
                    furthest = offset
                self._count_to(offset)
                if offset < self._file.size_bytes:
                    if not is_free:  # asked with no bytes: a killed API holds it for 15 s more
                        self._append(upload, offset, 0)
                    is_free = False
                    self._append(upload, offset, self._file.size_bytes - offset)
                self._count_to(self._file.size_bytes)
                return
            except NotFound as error:
                # Over (expired, deleted, failed): its bytes are gone, and another takes its place.
                if upload is None or not patience.pause(error.retry_after):
                    raise
                upload = None
            except Conflict as error:
                # It stands elsewhere than was thought: an answer was lost.
                if error.code != "upload_conflict" or not patience.pause(error.retry_after):
                    raise
            except SlipwayError as error:
                if not self._connection.may_pass(error) or not patience.pause(error.retry_after):
                    raise

    def _begin(self) -> str:
        metadata = {"path": self._file.path, "digest": self._file.digest}
        coded = [
            f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in metadata.items()
        ]
        answer = self._connection.ask_once(
            "POST",
            f"{self._draft}/resumable",
            headers={
                **TUS,
                "upload-length": str(self._file.size_bytes),
                "upload-metadata": ",".join(coded),
                "content-length": "0",
            },
        )
        return urlsplit(answer.headers["location"]).path

    def _offset(self, upload: str) -> int:
        answer = self._connection.ask_once("HEAD", upload, headers=TUS)
        return int(answer.headers["upload-offset"])

    def _append(self, upload: str, offset: int, count: int) -> None:
        self._connection.ask_once(
            "PATCH",
            upload,
            body=None if count == 0 else lambda: self._bytes_from(offset),
            headers={
                **TUS,
                "upload-offset": str(offset),
                "content-type": "application/offset+octet-stream",
                "content-length": str(count),
            },
        )

    def _bytes_from(self, offset: int) -> Iterator[bytes]:
        """Exactly as many as were announced, also where the file has grown since."""
        self._count_to(offset)
        left = self._file.size_bytes - offset
        for chunk in chunks_of(self._file.place, offset, self._connection.stop):
            piece = chunk[:left]
            left -= len(piece)
            yield piece
            self._count_to(self._file.size_bytes - left)
            if left == 0:
                return
        if left > 0:
            raise Invalid(
                f"{self._file.path} became shorter while it was pushed", code="file_changed"
            )

    def _count_to(self, place: int) -> None:
        self._progress.add(place - self._counted)
        self._counted = place
