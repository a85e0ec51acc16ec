"""One file on its way into a part, gone on with where it was cut off."""

from __future__ import annotations

from typing import IO

import httpx

from slipway_client.connection import Connection
from slipway_client.documents import File
from slipway_client.errors import Damaged, SlipwayError
from slipway_client.parts import emptied, hash_of
from slipway_client.patience import Stopped
from slipway_client.progress import Progress


def fetch_into(
    connection: Connection, place: str, file: File, part: IO[bytes], progress: Progress
) -> None:
    part.seek(0)
    hashed = hash_of(part, connection)
    patience = connection.patience()
    counted = 0
    while True:
        have = part.tell()
        progress.add(have - counted)
        counted = have
        if have > file.size_bytes:  # of nothing that this client has written
            hashed = emptied(part)
            continue
        if have == file.size_bytes:
            break
        failure: SlipwayError = connection.unreachable(EOFError("a part of it alone"))
        headers = {"if-range": f'"{file.digest}"', "accept": "*/*", "accept-encoding": "identity"}
        if have > 0:
            headers["range"] = f"bytes={have}-"
        try:
            with connection.stream("GET", place, headers=headers) as answer:
                if answer.status_code != 206 and have > 0:
                    hashed = emptied(part)
                for chunk in answer.iter_bytes():
                    if connection.stop.is_set():
                        raise Stopped
                    if part.tell() + len(chunk) > file.size_bytes:
                        raise Damaged(
                            f"more came of {file.path} than the {file.size_bytes} bytes that it "
                            "has: tell whoever runs the service",
                            code="digest_mismatch",
                        )
                    part.write(chunk)
                    hashed.update(chunk)
                    progress.add(len(chunk))
                    counted += len(chunk)
                    patience.reset()
        except httpx.TransportError as error:
            failure = connection.unreachable(error)
        except SlipwayError as error:
            if not connection.may_pass(error):
                raise
            failure = error
        if part.tell() < file.size_bytes and not patience.pause(failure.retry_after):
            raise failure
    part.flush()
    if f"sha256:{hashed.hexdigest()}" != file.digest:
        emptied(part)
        raise Damaged(
            f"{file.path} did not come as {file.digest}: pull again; if it stays so, "
            "tell whoever runs the service",
            code="digest_mismatch",
        )
