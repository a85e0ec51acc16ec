"""`slipway-runtime batch`: a prediction for every row of a file, in memory that does not grow."""

import argparse
import logging
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from slipway_runtime.batch.progress import AnotherRun, Place, run_of
from slipway_runtime.batch.records import WrongInput
from slipway_runtime.batch.run import run_over
from slipway_runtime.description import read_description
from slipway_runtime.errors import LoadFailed, PredictionFailed
from slipway_runtime.json_log import log_json, log_prints
from slipway_runtime.library_environment import prepare_libraries
from slipway_runtime.loading import load_model
from slipway_runtime.settings import Settings

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_LOAD_FAILED = 3
EXIT_FILES = 4
FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}

log = logging.getLogger("slipway_runtime.batch")


def run_batch(arguments: argparse.Namespace, settings: Settings) -> int:
    """0 done · 1 the input was wrong, or the model failed on it · 2 usage · 3 no model · 4 a file
    cannot be read or written · 128 + n stopped by signal n.

    A run that was stopped or killed is gone on with by the next one of the same kind. Logs go to
    stderr, and so does what the model prints: stdout may be the output.
    """
    stdout = sys.stdout
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, _stop)
    log_json(sys.stderr, settings.log_level)
    log_prints()
    usage = _usage_fault(arguments)
    if usage is not None:
        return _fail(EXIT_USAGE, usage)
    prepare_libraries(processes=1)
    try:
        description = read_description(settings.description)
        model = load_model(description, settings.package)
    except LoadFailed as failure:
        return _fail(EXIT_LOAD_FAILED, f"the model cannot be served: {failure}", failure.__cause__)
    place = None if arguments.output == "-" else Place(arguments.output)
    try:
        run, before = {}, None
        if place is not None:
            place.check()
        if place is not None and arguments.input != "-":
            run = run_of(arguments, description)
            before = None if arguments.no_resume else place.read(run)
        if before is not None:
            log.info("going on with a run that was ended", extra={"rows": before.rows})
        run_over(model, arguments, stdout, place, run, before)
    except OSError as error:
        return _fail(EXIT_FILES, f"{error.filename or arguments.output}: {error.strerror}")
    except AnotherRun as error:
        return _fail(EXIT_FILES, str(error))
    except WrongInput as error:
        return _fail(EXIT_FAILED, str(error))
    except PredictionFailed as error:
        return _fail(EXIT_FAILED, str(error), error.__cause__)
    except KeyboardInterrupt as stopped:
        return _fail(128 + int(stopped.args[0]), "stopped by a signal")
    return 0


def _usage_fault(arguments: argparse.Namespace) -> str | None:
    arguments.format = arguments.format or FORMATS.get(Path(arguments.input).suffix.lower())
    if arguments.format is None:
        return f"say --format csv, jsonl or parquet: {arguments.input} does not tell"
    if len(arguments.delimiter) != 1 or arguments.chunk_rows < 1:
        return "--delimiter must be one character, --chunk-rows at least 1"
    if arguments.format == "parquet":
        if "-" in (arguments.input, arguments.output):
            return "Parquet is read from a file and written to one, not to a stream"
        try:
            import pyarrow.parquet  # noqa: F401
        except ModuleNotFoundError:
            return "Parquet needs pyarrow: add a line pyarrow to the package's requirements.txt"
    return None


def _fail(code: int, message: str, cause: BaseException | None = None) -> int:
    log.error(message, exc_info=cause)
    return code


def _stop(signum: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt(signum)  # which nothing on its way up takes for the model's fault
