"""How far a batch has come, so that a run that was killed can be gone on with.

    predictions.csv             the output: there whole, or as it was before
    .predictions.csv.partial    what is written so far; of Parquet, a folder of parts
    .predictions.csv.progress   {"run": {…}, "rows": n, "position": …}

`run` is all that decides on the output's bytes: the input by its path, size and time of change, the
model by its content digest, the options. `position` is where in the partial output n rows end, as
its format has it. Rows first, progress second: what is counted is on disk.
"""

import argparse
import errno
import fcntl
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from slipway_runtime import __version__
from slipway_runtime.description import ModelDescription


@dataclass(frozen=True)
class Progress:
    run: dict[str, Any]
    rows: int
    position: Any


class AnotherRun(Exception):
    """The message says which file another batch is writing."""


class Place:
    """The names beside the output."""

    def __init__(self, output: str) -> None:
        self.target = Path(output)
        self.partial = self.target.with_name(f".{self.target.name}.partial")
        self.progress = self.target.with_name(f".{self.target.name}.progress")

    def read(self, run: dict[str, Any]) -> Progress | None:
        """None where nothing was begun, or another run."""
        try:
            progress = Progress(**json.loads(self.progress.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return progress if progress.run == run and self.partial.exists() else None

    def write(self, progress: Progress) -> None:
        new = self.progress.with_name(self.progress.name + ".new")
        with new.open("w", encoding="utf-8") as file:
            json.dump(asdict(progress), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.progress)

    def publish(self, file: Path) -> None:
        """The file, which is on disk, becomes the output."""
        file.replace(self.target)
        to_disk(self.target.parent)
        with suppress(FileNotFoundError):
            self.progress.unlink()

    def check(self) -> None:
        """Throws `OSError` where the output cannot be written."""
        if self.target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(self.target))
        if not self.target.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.target))


def run_of(arguments: argparse.Namespace, description: ModelDescription) -> dict[str, Any]:
    """Throws `OSError` where there is no input."""
    found = os.stat(arguments.input)
    return {
        "input": os.path.abspath(arguments.input),
        "sizeBytes": found.st_size,
        "modifiedNs": found.st_mtime_ns,
        "contentDigest": description.content_digest,
        "runtime": __version__,
        "format": arguments.format,
        "delimiter": arguments.delimiter,
        "header": not arguments.no_header,
        "chunkRows": arguments.chunk_rows,
    }


def to_disk(path: Path) -> None:
    """A file that others have written, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock(path: Path) -> int:
    """Until the process ends, or the descriptor is closed. Throws `AnotherRun`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AnotherRun(f"another batch is writing {path}") from None
    except OSError:
        pass  # a file system without locks
    return descriptor
