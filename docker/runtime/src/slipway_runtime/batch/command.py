"""`slipway-runtime batch`: a prediction for every row of a file, in memory that does not grow."""

import argparse
import logging
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TextIO

from slipway_runtime.batch.csv_format import CsvReader, CsvWriter
from slipway_runtime.batch.jsonl_format import JsonlReader, JsonlWriter
from slipway_runtime.batch.output_file import input_file, output_file
from slipway_runtime.batch.records import Record, WrongInput
from slipway_runtime.description import read_description
from slipway_runtime.errors import LoadFailed, PredictionFailed, RequestError, place_in_instance
from slipway_runtime.json_log import log_json, log_prints
from slipway_runtime.library_environment import prepare_libraries
from slipway_runtime.loading import load_model
from slipway_runtime.model import Model
from slipway_runtime.prediction import predict
from slipway_runtime.settings import Settings

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_LOAD_FAILED = 3
PROGRESS_SECONDS = 10
FORMATS = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}

log = logging.getLogger("slipway_runtime.batch")


def run_batch(arguments: argparse.Namespace, settings: Settings) -> int:
    """0 done · 1 the input was wrong, or the model failed on it · 2 usage · 3 no model ·
    128 + n stopped by signal n.

    Logs go to stderr, and so does what the model prints: stdout may be the output.
    """
    stdout = sys.stdout
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, _stop)
    log_json(sys.stderr, settings.log_level)
    log_prints()
    format_name = arguments.format or FORMATS.get(Path(arguments.input).suffix.lower())
    if format_name is None:
        return _fail(EXIT_USAGE, f"say --format csv or jsonl: {arguments.input} does not tell")
    if len(arguments.delimiter) != 1 or arguments.chunk_rows < 1:
        return _fail(EXIT_USAGE, "--delimiter must be one character, --chunk-rows at least 1")
    prepare_libraries(processes=1)
    try:
        description = read_description(settings.description)
        model = load_model(description, settings.package)
    except LoadFailed as failure:
        return _fail(EXIT_LOAD_FAILED, f"the model cannot be served: {failure}", failure.__cause__)
    try:
        with (
            input_file(arguments.input) as source,
            output_file(arguments.output, stdout) as target,
        ):
            _predict_all(model, source, target, format_name, arguments)
    except OSError as error:
        return _fail(EXIT_FAILED, f"{error.filename or arguments.output}: {error.strerror}")
    except WrongInput as error:
        return _fail(EXIT_FAILED, str(error))
    except PredictionFailed as error:
        return _fail(EXIT_FAILED, str(error), error.__cause__)
    except KeyboardInterrupt as stopped:
        return _fail(128 + int(stopped.args[0]), "stopped by a signal")
    return 0


def _predict_all(
    model: Model, source: TextIO, target: TextIO, format_name: str, arguments: argparse.Namespace
) -> None:
    """Throws `WrongInput` and `PredictionFailed`, both naming the line."""
    reader: Iterable[Record]
    writer: CsvWriter | JsonlWriter
    if format_name == "csv":
        has_header = not arguments.no_header
        reader = CsvReader(source, model.inputs, arguments.delimiter, has_header)
        writer = CsvWriter(target, reader.header, arguments.delimiter)
    else:
        reader, writer = JsonlReader(source), JsonlWriter(target)
    started = reported = time.monotonic()
    rows = 0
    for records in _chunks(iter(reader), arguments.chunk_rows):
        writer.write(records, _predictions(model, records))
        rows += len(records)
        if time.monotonic() - reported >= PROGRESS_SECONDS:
            reported = time.monotonic()
            _report("progress", rows, reported - started)
    writer.finish()
    _report("done", rows, time.monotonic() - started)


def _chunks(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    while chunk := list(islice(records, size)):
        yield chunk


def _predictions(model: Model, records: list[Record]) -> list[Any]:
    try:
        return predict(model, [record.instance for record in records])
    except RequestError as error:
        at = _lines(records if error.instance is None else [records[error.instance]])
        raise WrongInput(
            ": ".join([", ".join([at, *place_in_instance(error.field)]), error.message])
        ) from error
    except PredictionFailed as error:
        raise PredictionFailed(f"{_lines(records)}: {error}") from error.__cause__


def _lines(records: list[Record]) -> str:
    first, last = records[0].line, records[-1].line
    return f"line {first}" if first == last else f"lines {first} to {last}"


def _report(message: str, rows: int, seconds: float) -> None:
    per_second = round(rows / seconds) if seconds > 0 else None
    log.info(message, extra={"rows": rows, "rowsPerSecond": per_second})


def _fail(code: int, message: str, cause: BaseException | None = None) -> int:
    log.error(message, exc_info=cause)
    return code


def _stop(signum: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt(signum)  # which nothing on its way up takes for the model's fault
