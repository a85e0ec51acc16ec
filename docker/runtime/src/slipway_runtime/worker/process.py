"""What a worker does from its start to its end."""

import ctypes
import faulthandler
import signal
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path

from slipway_runtime.description import ModelDescription, read_description
from slipway_runtime.errors import LoadFailed
from slipway_runtime.example_request import example_request
from slipway_runtime.json_log import log_json, log_prints
from slipway_runtime.json_text import encode
from slipway_runtime.library_environment import prepare_libraries
from slipway_runtime.loading import load_model
from slipway_runtime.model import Model
from slipway_runtime.settings import Settings
from slipway_runtime.value_statistics import ModelStatistics
from slipway_runtime.wire import FAILED, LOADED, LoadedModel, frame
from slipway_runtime.worker.distributions import versions_of
from slipway_runtime.worker.requests import answer_requests

PR_SET_PDEATHSIG = 1


def run_worker(connection: socket.socket, settings: Settings) -> int:
    """0 when the front has ended, 3 when the model does not load."""
    _end_with_the_front()
    faulthandler.enable()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)  # the front says when it is over
    description = read_description(settings.description)
    always = {"model": description.model, "version": description.version}
    log_json(sys.stdout, settings.log_level, always)
    log_prints()
    prepare_libraries(processes=settings.workers)
    return serve_connection(connection, description, settings.package, settings.value_statistics)


def serve_connection(
    connection: socket.socket, description: ModelDescription, package: Path, counts_values: bool
) -> int:
    """Loads the model, says so, and answers requests until the front has ended."""
    with connection, suppress(ConnectionError):
        try:
            model = load_model(description, package)
        except LoadFailed as failure:
            connection.sendall(frame(FAILED, _reason(failure)))
            return 3
        connection.sendall(frame(LOADED, _loaded(description, model).to_json()))
        statistics = ModelStatistics() if counts_values else None
        answer_requests(connection, description, model, statistics)
    return 0


def _end_with_the_front() -> None:
    """Even where the front was killed and the model hangs. Linux has this, elsewhere it waits."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _reason(failure: LoadFailed) -> bytes:
    cause = failure.__cause__
    lines = traceback.format_exception(cause) if cause is not None else []
    return encode({"reason": str(failure), "traceback": "".join(lines)})


def _loaded(description: ModelDescription, model: Model) -> LoadedModel:
    return LoadedModel(
        platform=model.platform,
        inputs=tuple(model.inputs),
        outputs=tuple(model.outputs),
        frameworks=versions_of(model.frameworks),
        example=example_request(description, model),
    )
