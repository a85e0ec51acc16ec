"""Parquet out: the input's columns with their types, then the predictions.

A Parquet file has its index at its end and cannot be gone on with, so rows are written as parts of
a fixed number, each a file that is there whole, and put together at the end:

    .predictions.parquet.partial/000000.parquet, 000001.parquet, … , whole.parquet

The position is {"parts": n}. A part becomes a row group, so that a run that was killed gives the
same bytes as one that was not.
"""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from slipway_runtime.batch.progress import Place, lock, to_disk
from slipway_runtime.batch.records import Record, WrongInput, lines_of

PART_ROWS = 50_000
ADVICE = "use JSON lines"


class ParquetOutput:
    def __init__(self, place: Place, schema: Any, chunk_rows: int, position: Any) -> None:
        """`schema` is the input's. Throws `OSError` and `AnotherRun`."""
        self._place = place
        self._input_schema = schema
        # Whole chunks: a model is asked for the same ones after a kill.
        self._part_rows = max(1, PART_ROWS // chunk_rows) * chunk_rows
        self._parts = position["parts"] if position else 0
        self._schema = pyarrow.parquet.read_schema(self._part(0)) if self._parts else None
        self._chunks: list[Any] = []
        self._held_rows = 0
        if place.partial.is_file():  # of a run of another format
            place.partial.unlink()
        place.partial.mkdir(exist_ok=True)
        self._lock = lock(place.partial)

    def write(self, records: Sequence[Record], predictions: Sequence[Any]) -> None:
        table = pyarrow.Table.from_pylist([r.source for r in records], schema=self._input_schema)
        for name, values in _columns(records, predictions):
            if name in self._input_schema.names:
                raise WrongInput(f"the input already has a column {name}")
            table = table.append_column(name, _array(values, records))
        self._chunks.append(table)
        self._held_rows += len(records)
        if self._held_rows >= self._part_rows:
            self._write_part()

    def checkpoint(self) -> tuple[int, Any]:
        return self._parts * self._part_rows, {"parts": self._parts}

    def finish(self) -> None:
        if self._parts == 0 and not self._chunks:
            self.write([], [])
        if self._chunks:
            self._write_part()
        whole = self._place.partial / "whole.parquet"
        with pyarrow.parquet.ParquetWriter(whole, self._schema) as writer:
            for index in range(self._parts):
                writer.write_table(pyarrow.parquet.read_table(self._part(index)))
        to_disk(whole)
        self._place.publish(whole)
        self.discard()

    def discard(self) -> None:
        self.close()
        with suppress(FileNotFoundError):
            self._place.progress.unlink()
        shutil.rmtree(self._place.partial, ignore_errors=True)

    def close(self) -> None:
        with suppress(OSError):
            os.close(self._lock)

    def _part(self, index: int) -> Path:
        return self._place.partial / f"{index:06d}.parquet"

    def _write_part(self) -> None:
        try:
            table = pyarrow.concat_tables(self._chunks, promote_options="permissive")
            if self._schema is None:
                self._schema = table.schema
            table = table.cast(self._schema)
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, ValueError) as error:
            raise WrongInput(f"the predictions are not of one type ({error}); {ADVICE}") from error
        file = self._part(self._parts)
        pyarrow.parquet.write_table(table, file, row_group_size=max(1, self._held_rows))
        to_disk(file)
        self._parts += 1
        self._chunks, self._held_rows = [], 0


def _columns(
    records: Sequence[Record], predictions: Sequence[Any]
) -> list[tuple[str, Sequence[Any]]]:
    """`prediction`, or one for each of its names."""
    if not predictions or not isinstance(predictions[0], dict):
        return [("prediction", predictions)]
    names = list(predictions[0])
    for record, prediction in zip(records, predictions, strict=True):
        if not isinstance(prediction, dict) or list(prediction) != names:
            raise WrongInput(
                f"row {record.line}: the prediction's names are not {', '.join(names)}, "
                f"as the one's before; {ADVICE}"
            )
    return [(f"prediction_{name}", [p[name] for p in predictions]) for name in names]


def _array(values: Sequence[Any], records: Sequence[Record]) -> Any:
    try:
        return pyarrow.array(values)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError) as error:
        raise WrongInput(
            f"{lines_of(records)}: no column can hold the predictions ({error}); {ADVICE}"
        ) from error
