"""CSV in, CSV out: the input's columns, then the predictions."""

import csv
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from slipway_runtime.batch.csv_columns import BadCell, instance_reader
from slipway_runtime.batch.records import Record, WrongInput
from slipway_runtime.described import counted
from slipway_runtime.description import TensorSpec
from slipway_runtime.json_text import encode_text

LONGEST_CELL = 64 * 1024 * 1024


class CsvReader:
    def __init__(
        self,
        file: TextIO,
        inputs: Sequence[TensorSpec],
        delimiter: str,
        has_header: bool,
        skip_rows: int = 0,
    ) -> None:
        """Throws `WrongInput` when the header does not fit the model."""
        self._skip_rows = skip_rows
        csv.field_size_limit(LONGEST_CELL)
        self._rows = csv.reader(file, delimiter=delimiter, strict=True)
        self.header = self._read_header() if has_header else None
        self._instance = instance_reader(inputs, self.header)

    def __iter__(self) -> Iterator[Record]:
        line = self._rows.line_num + 1
        skip_rows = self._skip_rows
        width = len(self.header) if self.header is not None else None
        for cells in _checked(self._rows):
            if cells:  # an empty line is no row
                width = len(cells) if width is None else width
                if len(cells) != width:
                    raise WrongInput(
                        f"line {line}: expected {counted(width, 'cell')}, got {len(cells)}"
                    )
                if skip_rows > 0:
                    skip_rows -= 1
                else:
                    yield Record(line, cells, self._instance_at(line, cells))
            line = self._rows.line_num + 1

    def _instance_at(self, line: int, cells: list[str]) -> Any:
        try:
            return self._instance(cells)
        except BadCell as error:
            raise WrongInput(f"line {line}: {error}") from None

    def _read_header(self) -> list[str]:
        header = next(_checked(self._rows), None)
        if not header:
            raise WrongInput("line 1: there is no header")
        twice = [name for name in header if header.count(name) > 1]
        if twice:
            raise WrongInput(f"line 1: the header has {twice[0]} twice")
        return header


def _checked(rows: Any) -> Iterator[list[str]]:
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise WrongInput(f"line {rows.line_num}: {error}") from error
        except UnicodeDecodeError as error:
            raise WrongInput(f"after line {rows.line_num}: not UTF-8 text") from error


class CsvWriter:
    """The first prediction decides the columns: `prediction`, or one for each of its names."""

    def __init__(
        self, file: TextIO, header: Sequence[str] | None, delimiter: str, state: Any = None
    ) -> None:
        self._rows = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        self._header = header
        self._names: list[str] | None = state["names"] if state else None
        self._started = state is not None

    def write(self, records: Sequence[Record], predictions: Sequence[Any]) -> None:
        if not self._started and predictions:
            self._start(predictions[0])
        for record, prediction in zip(records, predictions, strict=True):
            self._rows.writerow([*record.source, *self._cells(record, prediction)])

    def finish(self) -> None:
        """A file of no rows still has its header."""
        if not self._started:
            self._start(None)

    def state(self) -> Any:
        return {"names": self._names} if self._started else None

    def _start(self, prediction: Any) -> None:
        self._started = True
        self._names = list(prediction) if isinstance(prediction, dict) else None
        added = ["prediction"] if self._names is None else [f"prediction_{n}" for n in self._names]
        if self._header is None:
            return
        clash = next((name for name in added if name in self._header), None)
        if clash:
            raise WrongInput(f"line 1: the input already has a column {clash}")
        self._rows.writerow([*self._header, *added])

    def _cells(self, record: Record, prediction: Any) -> list[str]:
        if self._names is None:
            return [_cell(prediction)]
        if not isinstance(prediction, dict) or list(prediction) != self._names:
            raise WrongInput(
                f"line {record.line}: the prediction's names are not {', '.join(self._names)}, "
                "as the first one's; use JSON lines"
            )
        return [_cell(prediction[name]) for name in self._names]


def _cell(value: Any) -> str:
    """Text as it is, nothing for null, everything else as JSON has it."""
    if isinstance(value, str):
        return value
    text = encode_text(value)
    return "" if text == "null" else text
