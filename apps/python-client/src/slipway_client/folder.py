"""The files of a folder that is to be pushed, and their digests."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from slipway_client.errors import Invalid
from slipway_client.patience import Stopped

CHUNK_BYTES = 1024 * 1024

# What tools leave in a folder, and no model needs.
LEFT_OUT = frozenset({".git", "__pycache__", ".ipynb_checkpoints", ".DS_Store", ".slipway-pull"})


@dataclass(frozen=True)
class FoundFile:
    """`path` is that of the version: `/`-separated, NFC."""

    path: str
    place: Path
    size_bytes: int
    changed_ns: int


@dataclass(frozen=True)
class LocalFile(FoundFile):
    digest: str


def find_files(folder: Path, follow_links: bool) -> list[FoundFile]:
    """All of them, in the order of their paths. Throws `Invalid` with every file that cannot be
    pushed: before a byte is read, so that nothing is left out in silence."""
    if not folder.is_dir():
        raise Invalid(
            f"there is no folder {folder}: push the one that the model is in", code="no_folder"
        )
    faults: dict[str, str] = {}
    files: dict[str, FoundFile] = {}
    root = folder.resolve()
    for place in _walk(folder, follow_links, faults):
        name = place.relative_to(folder).as_posix()
        fault = None if follow_links else _fault_of_link(place, root)
        found = os.stat(place) if fault is None and place.exists() else None
        path = unicodedata.normalize("NFC", name)
        if fault is None and found is None:
            fault = "it is a link that leads nowhere: remove it"
        elif found is not None and not stat.S_ISREG(found.st_mode):
            fault = "it is no plain file: remove it"
        elif not _is_unicode(name):
            fault = "its name is not valid UTF-8: rename it"
        elif path in files:
            fault = "another file has the same name in another Unicode form: rename one of them"
        if fault is not None or found is None:
            faults[name.encode("utf-8", "replace").decode()] = fault or ""
            continue
        files[path] = FoundFile(path, place, found.st_size, found.st_mtime_ns)
    if faults:
        errors = [{"where": where, "message": message} for where, message in sorted(faults.items())]
        raise Invalid(
            f"{folder} holds what cannot be pushed", code="folder_invalid", errors=errors[:100]
        )
    if not files:
        raise Invalid(f"{folder} holds no files: put the model into it", code="folder_empty")
    return [files[path] for path in sorted(files)]


def _walk(folder: Path, follow_links: bool, faults: dict[str, str]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        where = Path(error.filename).relative_to(folder).as_posix()
        faults[where] = f"it cannot be read: {error.strerror}"

    above: dict[str, set[str]] = {}
    for at, folders, names in os.walk(folder, followlinks=follow_links, onerror=unreadable):
        # A link to a folder that it lies in has no end.
        above[at] = {*above.get(os.path.dirname(at), ()), os.path.realpath(at)}
        kept = [name for name in folders if name not in LEFT_OUT]
        links = [name for name in kept if os.path.islink(os.path.join(at, name))]
        if follow_links:
            ends = {name: os.path.realpath(os.path.join(at, name)) for name in links}
            folders[:] = [name for name in kept if ends.get(name) not in above[at]]
            links = []
        else:
            folders[:] = [name for name in kept if name not in links]
        for name in [*links, *names]:
            if name not in LEFT_OUT:
                yield Path(at, name)


def _fault_of_link(place: Path, root: Path) -> str | None:
    """A link to a file beside it is that file; where another leads may be no one's intention."""
    if not place.is_symlink() or not place.exists():
        return None
    if place.is_dir():
        return "it is a link to a folder: put the folder there, or push with follow_links=True"
    if root not in place.resolve().parents:
        return "it is a link out of the folder: put the file there, or push with follow_links=True"
    return None


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def digest_of(file: FoundFile, stop: threading.Event, count: Callable[[int], None]) -> LocalFile:
    """Throws `Invalid` where it cannot be read, and `Stopped`."""
    hashed = hashlib.sha256()
    for chunk in chunks_of(file.place, 0, stop):
        hashed.update(chunk)
        count(len(chunk))
    return LocalFile(
        file.path, file.place, file.size_bytes, file.changed_ns, f"sha256:{hashed.hexdigest()}"
    )


def chunks_of(place: Path, offset: int, stop: threading.Event) -> Iterator[bytes]:
    try:
        with place.open("rb", buffering=0) as opened:
            opened.seek(offset)
            while chunk := opened.read(CHUNK_BYTES):
                if stop.is_set():
                    raise Stopped
                yield chunk
    except OSError as error:
        raise Invalid(f"{place} cannot be read: {error.strerror}", code="unreadable") from None


def has_changed(file: FoundFile) -> bool:
    """Since it was found."""
    try:
        now = os.stat(file.place)
    except OSError:
        return True
    return (now.st_size, now.st_mtime_ns) != (file.size_bytes, file.changed_ns)


def sha256_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def content_digest(digest: str) -> str:
    """As a header has it (RFC 9530 §2)."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(digest[len('sha256:') :])).decode()}:"
