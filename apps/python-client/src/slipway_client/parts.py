"""What has come of files that are pulled, before they have their names."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from slipway_client.connection import Connection
from slipway_client.documents import File
from slipway_client.folder import CHUNK_BYTES
from slipway_client.patience import Stopped

if TYPE_CHECKING:
    from hashlib import _Hash

try:
    import fcntl
except ImportError:  # Windows, where an open file is not removed or renamed
    fcntl = None  # type: ignore[assignment]


@contextmanager
def part_of(parts: Path, file: File) -> Iterator[IO[bytes]]:
    """What an earlier pull has left of it, for this one alone; where another pull is at it, one of
    its own. What came of a pull that fails stays for the next."""
    by_path = hashlib.sha256(file.path.encode()).hexdigest()[:16]
    name = f"{str(file.digest)[-64:]}-{by_path}"
    opened = _open(parts, name)
    while not _is_held(opened):
        opened.close()
        opened = _open(parts, f"{name}-{uuid.uuid4().hex[:8]}")
    with opened:
        yield opened


def _open(parts: Path, name: str) -> IO[bytes]:
    while True:
        parts.mkdir(exist_ok=True)
        try:
            return (parts / name).open("a+b")
        except FileNotFoundError:  # another pull was done, and has removed the folder
            continue


def _is_held(opened: IO[bytes]) -> bool:
    """Held by this one, and still under its name."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: two pulls at once may have to begin again there
        pass
    try:
        return os.path.samestat(os.fstat(opened.fileno()), os.stat(opened.name))
    except FileNotFoundError:
        return False


def publish(part: IO[bytes], target: Path) -> None:
    """The file, which is whole, gets its name."""
    part.flush()
    if fcntl is None:
        part.close()
    os.replace(part.name, target)


def remove_parts(parts: Path) -> None:
    """All but those that another pull into the same folder is at."""
    for left in parts.glob("*"):
        with suppress(OSError), left.open("rb") as opened:
            if fcntl is None:
                opened.close()
            if _is_held(opened):
                left.unlink()
    with suppress(OSError):
        parts.rmdir()


def hash_of(opened: IO[bytes], connection: Connection) -> _Hash:
    """From where it is to the end. Throws `Stopped`."""
    hashed = hashlib.sha256()
    while chunk := opened.read(CHUNK_BYTES):
        if connection.stop.is_set():
            raise Stopped
        hashed.update(chunk)
    return hashed


def emptied(part: IO[bytes]) -> _Hash:
    part.seek(0)
    part.truncate()
    return hashlib.sha256()
