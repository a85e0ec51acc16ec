"""A text file, or standard input, as it is read."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from typing import BinaryIO, TextIO


@dataclass(frozen=True)
class TextInput:
    text: TextIO
    _bytes: BinaryIO
    _size_bytes: int

    def share(self) -> float | None:
        """How much of it is read, 0 to 1; None where its size is not known."""
        return self._bytes.tell() / self._size_bytes if self._size_bytes else None


@contextmanager
def text_input(path: str) -> Iterator[TextInput]:
    """`-` is standard input. A byte order mark is passed over."""
    source: str | int = sys.stdin.fileno() if path == "-" else path
    with open(source, "rb", closefd=path != "-") as file:
        size_bytes = 0 if path == "-" else os.fstat(file.fileno()).st_size
        text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
        try:
            yield TextInput(text, file, size_bytes)
        finally:
            text.detach()
