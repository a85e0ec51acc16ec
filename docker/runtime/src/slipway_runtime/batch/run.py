"""From a reader to an output, by chunks, in memory that does not grow with the file."""

import argparse
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, TextIO

from slipway_runtime.batch.csv_format import CsvReader, CsvWriter
from slipway_runtime.batch.jsonl_format import JsonlReader, JsonlWriter
from slipway_runtime.batch.outputs import FileOutput, MakeWriter, Output, StreamOutput
from slipway_runtime.batch.progress import Place, Progress
from slipway_runtime.batch.progress_line import ProgressLine
from slipway_runtime.batch.records import Record, WrongInput, lines_of
from slipway_runtime.batch.text_input import text_input
from slipway_runtime.errors import PredictionFailed, RequestError, place_in_instance
from slipway_runtime.model import Model
from slipway_runtime.prediction import predict

CHECKPOINT_SECONDS = 5.0

MakeOutput = Callable[[Progress | None], Output]


@dataclass(frozen=True)
class Source:
    records: Iterable[Record]
    share: Callable[[], float | None]
    """How much of it is read, where its size is known."""
    make_output: Callable[[Place, Progress | None], Output]
    """To a file of the same format."""
    make_writer: MakeWriter | None
    """To a stream; None where the format cannot be written to one."""


def run_over(
    model: Model,
    arguments: argparse.Namespace,
    stdout: TextIO,
    place: Place | None,
    run: dict[str, Any],
    before: Progress | None,
) -> None:
    """`place` is None for standard output. Goes on from `before`.

    Throws `WrongInput` and `PredictionFailed`, both naming the line, after which there is nothing
    half-written; whatever else ends it leaves what was done so far, to be gone on with.
    """
    rows = before.rows if before else 0
    with _source(model, arguments, rows) as source:
        if place is not None:
            output = source.make_output(place, before)
        else:
            assert source.make_writer is not None
            output = StreamOutput(stdout, source.make_writer)
        try:
            _predict_all(model, source, output, arguments.chunk_rows, rows, place, run)
        except (WrongInput, PredictionFailed):
            output.discard()
            raise
        except BaseException:
            output.close()
            raise


def _predict_all(
    model: Model,
    source: Source,
    output: Output,
    chunk_rows: int,
    rows: int,
    place: Place | None,
    run: dict[str, Any],
) -> None:
    line = ProgressLine(rows, source.share())
    kept = time.monotonic()
    for records in _chunks(iter(source.records), chunk_rows):
        output.write(records, _predictions(model, records))
        rows += len(records)
        if place is not None and time.monotonic() - kept >= CHECKPOINT_SECONDS:
            point = output.checkpoint()
            if point is not None:
                place.write(Progress(run, *point))
            kept = time.monotonic()
        line.show(rows, source.share())
    output.finish()
    line.done(rows)


@contextmanager
def _source(model: Model, arguments: argparse.Namespace, skip_rows: int) -> Iterator[Source]:
    if arguments.format == "parquet":
        from slipway_runtime.batch.parquet_input import ParquetReader
        from slipway_runtime.batch.parquet_output import ParquetOutput

        parquet = ParquetReader(arguments.input, model.inputs, arguments.chunk_rows, skip_rows)

        def parquet_output(place: Place, before: Progress | None) -> Output:
            position = before.position if before else None
            return ParquetOutput(place, parquet.schema, arguments.chunk_rows, position)

        yield Source(parquet, parquet.share, parquet_output, None)
        return
    with text_input(arguments.input) as file:
        records: Iterable[Record]
        make_writer: MakeWriter
        if arguments.format == "csv":
            delimiter, has_header = arguments.delimiter, not arguments.no_header
            reader = CsvReader(file.text, model.inputs, delimiter, has_header, skip_rows)
            header = reader.header
            records = reader

            def make_writer(target: TextIO, state: Any) -> CsvWriter:
                return CsvWriter(target, header, delimiter, state)
        else:
            records = JsonlReader(file.text, skip_rows)

            def make_writer(target: TextIO, state: Any) -> JsonlWriter:
                return JsonlWriter(target)

        def text_output(place: Place, before: Progress | None) -> Output:
            position = before.position if before else None
            return FileOutput(place, make_writer, skip_rows, position)

        yield Source(records, file.share, text_output, make_writer)


def _chunks(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    while chunk := list(islice(records, size)):
        yield chunk


def _predictions(model: Model, records: list[Record]) -> list[Any]:
    try:
        return predict(model, [record.instance for record in records])
    except RequestError as error:
        at = lines_of(records if error.instance is None else [records[error.instance]])
        raise WrongInput(
            ": ".join([", ".join([at, *place_in_instance(error.field)]), error.message])
        ) from error
    except PredictionFailed as error:
        raise PredictionFailed(f"{lines_of(records)}: {error}") from error.__cause__
