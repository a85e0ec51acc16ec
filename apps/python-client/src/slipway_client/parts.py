"""What has come of files that are pulled, before they have their names."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from slipway_client.connection import Connection
from slipway_client.documents import File
from slipway_client.errors import Invalid
from slipway_client.folder import CHUNK_BYTES
from slipway_client.patience import Stopped

if TYPE_CHECKING:
    from hashlib import _Hash

try:
    import fcntl
except ImportError:  # Windows, where an open file is not removed or renamed
    fcntl = None  # type: ignore[assignment]

# What is not there on Windows is 0. Nothing is followed, and nobody waited for: a pipe has no end.
CAREFUL = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
NAME = re.compile(r"[0-9a-f]{64}-[0-9a-f]{16}(-[0-9a-f]{8})?")


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
        with suppress(FileExistsError):
            parts.mkdir()
        try:
            if not stat.S_ISDIR(parts.lstat().st_mode):
                raise _in_the_way(parts, "is no folder, or a link to one")
            return open(parts / name, "a+b", opener=_carefully)
        except FileNotFoundError:  # another pull was done, and has removed the folder
            continue


def _carefully(place: str, flags: int) -> int:
    """A file that is there under this name alone. Throws `Invalid` for whatever else lies there."""
    try:
        descriptor = os.open(place, flags | CAREFUL, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise _in_the_way(place, "is no file of a pull") from error
        raise
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(descriptor)
        raise _in_the_way(place, "is no file of a pull")
    return descriptor


def _in_the_way(place: str | Path, what: str) -> Invalid:
    return Invalid(f"{place} {what}, and stands in the way: remove it", code="unsafe_path")


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
        return os.path.samestat(os.fstat(opened.fileno()), os.lstat(opened.name))
    except FileNotFoundError:
        return False


def publish(part: IO[bytes], target: Path) -> None:
    """The file, which is whole, gets its name."""
    part.flush()
    if fcntl is None:
        part.close()
    os.replace(part.name, target)


def remove_parts(parts: Path) -> None:
    """All of this client's, but those that another pull into the same folder is at."""
    if parts.is_symlink():
        return
    for left in parts.glob("*"):
        if not NAME.fullmatch(left.name):
            continue
        with suppress(OSError, Invalid), open(left, "rb", opener=_carefully) as opened:
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
