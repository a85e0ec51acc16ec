"""Errors as JSON, in the shape that the path's protocol has for them.

/predict and the rest  {"error": {"code", "message", "instance"?, "field"?}}
/v2                    {"error": "…"}                        Open Inference Protocol
/invocations           {"error_code": "BAD_REQUEST", "message": "…"}          MLflow
"""

import logging
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from slipway_runtime.errors import PredictionFailed, RequestError
from slipway_runtime.json_text import encode
from slipway_runtime.server.metrics import Metrics

log = logging.getLogger(__name__)


def answer_errors(app: FastAPI, metrics: Metrics) -> None:
    @app.exception_handler(RequestError)
    async def refused(request: Request, error: RequestError) -> Response:
        if request.method == "POST":
            metrics.errors.labels(error.code).inc()
        return error_answer(request, error)

    @app.exception_handler(PredictionFailed)
    async def failed(request: Request, error: PredictionFailed) -> Response:
        metrics.errors.labels("prediction_failed").inc()
        log.error("prediction failed: %s", error, exc_info=error.__cause__ or error)
        return error_answer(request, RequestError("prediction_failed", str(error), status=500))

    @app.exception_handler(HTTPException)
    async def unrouted(request: Request, error: HTTPException) -> Response:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        answer = error_answer(request, RequestError(code, error.detail, status=error.status_code))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> Response:
        # A fault of ours; uvicorn logs it with its traceback.
        return error_answer(request, RequestError("internal", "internal error", status=500))

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=499)  # nobody reads it; the log shows it


def error_answer(request: Request, error: RequestError) -> Response:
    content: dict[str, Any]
    path = request.url.path
    if path == "/v2" or path.startswith("/v2/"):
        content = {"error": str(error)}
    elif path == "/invocations":
        kind = "BAD_REQUEST" if error.status < 500 else "INTERNAL_ERROR"
        content = {"error_code": kind, "message": str(error)}
    else:
        body: dict[str, Any] = {"code": error.code, "message": str(error)}
        if error.instance is not None:
            body["instance"] = error.instance
        if error.field is not None:
            body["field"] = error.field
        content = {"error": body}
    headers = {"Retry-After": "1"} if error.status == 503 else None
    return Response(encode(content), error.status, headers, media_type="application/json")
