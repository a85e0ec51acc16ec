"""Parquet in: rows of named columns.

inputs of the model             instance
several                         object by name, of the columns they name; others are passed by
one, of the name of a column    that column's value
one, of n values                list of all columns, in order
one, of one value               value of the only column
not known                       object of all columns

Dates and times are text as ISO 8601 has it, NaN is null.
"""

import datetime
import decimal
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow
import pyarrow.parquet

from slipway_runtime.batch.records import Record, WrongInput
from slipway_runtime.description import TensorSpec

Row = dict[str, Any]


class ParquetReader:
    """The `line` of its records is the number of the row, from 1."""

    def __init__(
        self, path: str, inputs: Sequence[TensorSpec], chunk_rows: int, skip_rows: int = 0
    ) -> None:
        """Throws `OSError`, and `WrongInput` for what is no Parquet or does not fit the model."""
        try:
            self._file = pyarrow.parquet.ParquetFile(path)
        except pyarrow.ArrowInvalid as error:
            raise WrongInput(f"{path} is not Parquet: {error}") from error
        self.schema: Any = self._file.schema_arrow
        names = self.schema.names
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise WrongInput(f"there are two columns {twice}")
        self._instance = _instance_reader(inputs, names)
        self._chunk_rows = chunk_rows
        self._skip_rows = skip_rows
        self._rows = 0

    def __iter__(self) -> Iterator[Record]:
        metadata = self._file.metadata
        group, row = 0, 0
        while group < metadata.num_row_groups and (
            row + metadata.row_group(group).num_rows <= self._skip_rows
        ):
            row += metadata.row_group(group).num_rows
            group += 1
        groups = list(range(group, metadata.num_row_groups))
        try:
            for batch in self._file.iter_batches(batch_size=self._chunk_rows, row_groups=groups):
                for source in batch.to_pylist():
                    row += 1
                    self._rows = row
                    if row > self._skip_rows:
                        yield Record(row, source, self._instance(source))
        except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
            raise WrongInput(f"after row {row}: {error}") from error

    def share(self) -> float | None:
        rows = self._file.metadata.num_rows
        return self._rows / rows if rows else None


def _instance_reader(inputs: Sequence[TensorSpec], names: Sequence[str]) -> Callable[[Row], Any]:
    """Throws `WrongInput` where the columns cannot fit."""
    if not inputs:
        return lambda row: {name: _plain(value) for name, value in row.items()}
    if len(inputs) > 1:
        missing = [s.name for s in inputs if s.name not in names and not s.optional]
        if missing:
            raise WrongInput(f"there is no column {missing[0]}")
        wanted = [spec.name for spec in inputs if spec.name in names]
        return lambda row: {name: _plain(row[name]) for name in wanted}
    name, shape = inputs[0].name, inputs[0].shape
    if name in names:
        return lambda row: _plain(row[name])
    if len(shape) == 2 and shape[1] in (-1, len(names)):
        return lambda row: [_plain(value) for value in row.values()]
    if len(names) == 1 and len(shape) < 2:
        return lambda row: _plain(row[names[0]])
    raise WrongInput(f"there is no column {name}")


def _plain(value: Any) -> Any:
    """As JSON would have it: what a model is given is the same from every kind of file."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    return value
