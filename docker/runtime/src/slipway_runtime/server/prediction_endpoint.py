"""`/predict`, `/invocations`, `/v2/…/infer`: a body in, a worker's answer out.

Plain ASGI: on the path of every prediction.
"""

import json
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from slipway_runtime.errors import RequestError
from slipway_runtime.server.error_answers import error_answer, refusal
from slipway_runtime.server.metrics import Metrics
from slipway_runtime.server.request_body import BodyReader, require_json
from slipway_runtime.server.worker import Answer
from slipway_runtime.server.worker_pool import WorkerPool
from slipway_runtime.wire import BINARY_TENSORS, JSON_LENGTH, TENSORS

BINARY_HEADER = "Inference-Header-Content-Length"

Check = Callable[[Request], None]


class PredictionEndpoint:
    def __init__(
        self, kind: bytes, pool: WorkerPool, bodies: BodyReader, metrics: Metrics, check: Check
    ) -> None:
        """`kind` is a worker's word for the protocol; `check` throws `RequestError`."""
        self._kind = kind
        self._pool = pool
        self._bodies = bodies
        self._metrics = metrics
        self._check = check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response: Response
        try:
            answer = await self._answer(request)
        except RequestError as error:
            self._metrics.errors.labels(error.code).inc()
            response = refusal(scope["path"], error)
        else:
            if answer.status == 200:
                response = Response(answer.body, media_type="application/json")
            else:
                view = json.loads(answer.body)
                self._metrics.errors.labels(view["code"]).inc()
                response = error_answer(scope["path"], answer.status, view)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Answer:
        self._check(request)
        json_bytes = request.headers.get(BINARY_HEADER) if self._kind == TENSORS else None
        if json_bytes is None:
            require_json(request)
        self._pool.require_room()  # before the body is read for nothing
        body = await self._bodies.read(request)
        try:
            if json_bytes is None:
                return await self._pool.ask(self._kind, body, request.is_disconnected)
            question = _json_length(json_bytes, body) + body
            return await self._pool.ask(BINARY_TENSORS, question, request.is_disconnected)
        finally:
            self._bodies.release(body)


def _json_length(text: str, body: bytes) -> bytes:
    """Throws `RequestError`."""
    # Python refuses to read numbers of thousands of digits.
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= len(body)):
        message = f"{BINARY_HEADER} must be a length within the body"
        raise RequestError("invalid_request", message)
    return JSON_LENGTH.pack(int(text))
