"""Requests in, answers out, one after the other."""

import json
import logging
import socket
import time
from collections.abc import Callable

from slipway_runtime.description import ModelDescription
from slipway_runtime.errors import PredictionFailed, RequestError, error_view
from slipway_runtime.json_text import encode
from slipway_runtime.model import Model
from slipway_runtime.value_statistics import ModelStatistics
from slipway_runtime.wire import (
    ANSWER,
    BINARY_TENSORS,
    HEAD,
    INVOCATIONS,
    PREDICT,
    STATISTICS,
    TENSORS,
    frame,
)
from slipway_runtime.worker.infer import binary_infer_answer, infer_answer
from slipway_runtime.worker.invocation import invocation_answer
from slipway_runtime.worker.predict import predict_answer
from slipway_runtime.worker.predicting import Count, Predicted

REPORT_SECONDS = 1.0
"""A worker that is killed takes with it what it counted since it last said so."""

Protocol = Callable[[ModelDescription, Model, bytes], Predicted]
PROTOCOLS: dict[bytes, Protocol] = {
    PREDICT: predict_answer,
    INVOCATIONS: invocation_answer,
    TENSORS: infer_answer,
    BINARY_TENSORS: binary_infer_answer,
}

log = logging.getLogger(__name__)


def answer_requests(
    connection: socket.socket,
    description: ModelDescription,
    model: Model,
    statistics: ModelStatistics | None,
) -> None:
    """Until the front has ended. Values are counted when their answer is on its way."""
    reported = time.monotonic()
    with connection.makefile("rb") as stream:
        while len(head := stream.read(HEAD.size)) == HEAD.size:
            kind, _, length = HEAD.unpack(head)
            body = stream.read(length)
            if len(body) < length:
                return
            if kind != STATISTICS:
                status, answer, count = _answer(PROTOCOLS[kind], description, model, body)
                connection.sendall(frame(ANSWER, answer, status))
                if statistics is not None and count is not None:
                    _count(statistics, count)
            if kind == STATISTICS or time.monotonic() - reported > REPORT_SECONDS:
                counted = statistics.taken() if statistics is not None else {}
                connection.sendall(frame(STATISTICS, json.dumps(counted).encode()))
                reported = time.monotonic()


def _answer(
    protocol: Protocol, description: ModelDescription, model: Model, body: bytes
) -> tuple[int, bytes, Count | None]:
    try:
        predicted = protocol(description, model, body)
    except RequestError as error:
        return *_refusal(error), _refused_value(model, error.field)
    except PredictionFailed as error:
        log.error("prediction failed: %s", error, exc_info=error.__cause__ or error)
        return *_refusal(RequestError("prediction_failed", str(error), status=500)), None
    except Exception:
        log.exception("internal error")
        return *_refusal(RequestError("internal", "internal error", status=500)), None
    return 200, predicted.answer, predicted.count


def _refusal(error: RequestError) -> tuple[int, bytes]:
    return error.status, encode(error_view(error))


def _refused_value(model: Model, field: str | int | None) -> Count | None:
    """Only of inputs that the model has: callers could name others without end."""
    if not any(spec.name == field for spec in model.inputs):
        return None
    return lambda statistics: statistics.refuse(str(field))


def _count(statistics: ModelStatistics, count: Count) -> None:
    try:
        count(statistics)
    except Exception:  # whatever a model returned, it was JSON: the answer is on its way
        log.exception("values were not counted")
