"""An output that is there whole, or not at all."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO


@contextmanager
def output_file(path: str, stdout: TextIO) -> Iterator[TextIO]:
    """Writes beside `path` and renames at the end; an exception leaves what was there before.

    `-` is `stdout`, where rows show as they are written.
    """
    if path == "-":
        yield stdout
        stdout.flush()
        return
    target = Path(path)
    partial = target.with_name(f".{target.name}.partial-{os.getpid()}")
    try:
        with _opened(partial, target) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def _opened(partial: Path, target: Path) -> TextIO:
    """Throws `OSError`, naming the target."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    try:
        return partial.open("x", encoding="utf-8", newline="")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from error


@contextmanager
def input_file(path: str) -> Iterator[TextIO]:
    """`-` is standard input. A byte order mark is passed over."""
    source: str | int = sys.stdin.fileno() if path == "-" else path
    with open(source, encoding="utf-8-sig", newline="", closefd=path != "-") as file:
        yield file
