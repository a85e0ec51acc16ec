"""The files of a version into a folder.

<folder>/model/model.pkl                    there whole and verified, or as it was before
         .slipway-pull/<digest>-<path>      what has come of a file so far; gone when all are there
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import quote

from slipway_client.connection import Connection, at
from slipway_client.documents import File, Version
from slipway_client.errors import Invalid
from slipway_client.fetching import fetch_into
from slipway_client.paging import items
from slipway_client.parts import hash_of, part_of, publish, remove_parts
from slipway_client.progress import Progress
from slipway_client.threads import for_each
from slipway_client.wire import read

AT_ONCE = 6
PARTS = ".slipway-pull"


def pull(connection: Connection, version: Version, folder: Path, progress: Progress) -> None:
    """Each file is verified before it has its name. Files that are there with the same bytes are
    left, others of the same name are replaced; what else is in the folder stays. Throws `Damaged`,
    `OSError`."""
    place = at("models", version.model, "versions", version.version)
    files = [read(File, item) for item in items(connection, f"{place}/files")]
    for file in files:  # it names the part: the service is not trusted in that
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", str(file.digest)):
            raise Invalid(
                f"{file.path!r} has the digest {file.digest!r}, which is none", code="unsafe_path"
            )
    folder.mkdir(parents=True, exist_ok=True)
    targets = {file.path: target_of(folder, file.path) for file in files}
    parts = folder / PARTS

    def fetch(file: File) -> None:
        target = targets[file.path]
        if _is_there(target, file, connection):
            progress.add(file.size_bytes)
            return
        with part_of(parts, file) as part:
            fetch_into(connection, f"{place}/files/{quote(file.path)}", file, part, progress)
            target.parent.mkdir(parents=True, exist_ok=True)
            _require_inside(folder, target)
            publish(part, target)

    with progress.bytes_of("pulling", sum(file.size_bytes for file in files)):
        largest_first = sorted(files, key=lambda file: -file.size_bytes)
        for_each(largest_first, fetch, at_once=AT_ONCE, stop=connection.stop)
    remove_parts(parts)


def target_of(folder: Path, path: str) -> Path:
    """Throws `Invalid` for a path that leads out of the folder: the service has none, and is not
    trusted in that. What is one segment there and several here (`\\`, `C:`) is such a path."""
    segments = PurePosixPath(path).parts
    is_safe = (
        path == "/".join(segments)
        and not path.startswith("/")
        and not {"..", PARTS} & set(segments)
        and (os.name != "nt" or (PureWindowsPath(path).as_posix() == path and ":" not in path))
    )
    if not is_safe:
        raise Invalid(f"the version holds {path!r}, which is not written here", code="unsafe_path")
    target = folder.joinpath(*segments)
    _require_inside(folder, target)
    return target


def _require_inside(folder: Path, target: Path) -> None:
    """Also by way of links that lie in the folder."""
    root = folder.resolve()
    if root not in (target.parent.resolve() / target.name).parents:
        raise Invalid(
            f"{target} lies outside of {folder}, by way of a link: remove the link",
            code="unsafe_path",
        )
    if target.is_dir() and not target.is_symlink():
        raise Invalid(
            f"{target} is a folder, and a file is to be there: remove it", code="path_taken"
        )


def _is_there(target: Path, file: File, connection: Connection) -> bool:
    if target.is_symlink() or not target.is_file() or target.stat().st_size != file.size_bytes:
        return False
    with target.open("rb") as opened:
        return f"sha256:{hash_of(opened, connection).hexdigest()}" == file.digest
