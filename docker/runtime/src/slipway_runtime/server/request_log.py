"""Counts, times and logs each request. Plain ASGI: on the path of every prediction."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slipway_runtime.server.access_log import AccessLog
from slipway_runtime.server.metrics import Metrics
from slipway_runtime.server.template_route import TEMPLATE

UNMATCHED = "(unmatched)"


class RequestLog:
    def __init__(self, app: ASGIApp, metrics: Metrics, access: AccessLog) -> None:
        self._app = app
        self._access = access
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def remember_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._metrics.in_flight.track_inprogress():
            try:
                await self._app(scope, receive, remember_status)
            finally:
                self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        path = scope.get(TEMPLATE, UNMATCHED)
        method = scope["method"] if path != UNMATCHED else UNMATCHED
        self._metrics.requests.labels(method, path, status).inc()
        self._metrics.duration.labels(path).observe(seconds)
        self._access.write(scope["method"], scope["path"], status, seconds)
