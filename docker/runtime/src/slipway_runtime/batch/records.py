"""One row of a batch file, on its way from the reader to the writer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Record:
    line: int
    """Where it begins in the input, from 1."""
    source: Any
    """As it was read, for the output to repeat: a CSV's cells, or a JSON value."""
    instance: Any
    """As the model takes it."""


class WrongInput(Exception):
    """The message names the line."""


def lines_of(records: Sequence[Record]) -> str:
    first, last = records[0].line, records[-1].line
    return f"line {first}" if first == last else f"lines {first} to {last}"
