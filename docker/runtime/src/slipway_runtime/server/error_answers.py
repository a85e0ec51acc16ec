"""Errors as JSON, in the shape that the path's protocol has for them.

/predict and the rest  {"error": {"code", "message", "instance"?, "field"?}}
/v2                    {"error": "…"}                        Open Inference Protocol
/invocations           {"error_code": "BAD_REQUEST", "message": "…"}          MLflow
"""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from slipway_runtime.errors import RequestError, error_view
from slipway_runtime.server.json_answer import json_answer


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return refusal(request.url.path, error)


async def _unrouted(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    answer = refusal(request.url.path, RequestError(code, error.detail, status=error.status_code))
    answer.headers.update(error.headers or {})
    return answer


async def _broken(request: Request, error: Exception) -> Response:
    # A fault of ours; uvicorn logs it with its traceback.
    return refusal(request.url.path, RequestError("internal", "internal error", status=500))


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it; the log shows it


ERROR_HANDLERS: Any = {
    RequestError: _refused,
    HTTPException: _unrouted,
    ClientDisconnect: _gone,
    Exception: _broken,
}


def refusal(path: str, error: RequestError) -> Response:
    return error_answer(path, error.status, error_view(error))


def error_answer(path: str, status: int, view: Mapping[str, Any]) -> Response:
    """`view` is what `errors.error_view` gives."""
    content: dict[str, Any]
    if path == "/v2" or path.startswith("/v2/"):
        content = {"error": view["message"]}
    elif path == "/invocations":
        kind = "BAD_REQUEST" if status < 500 else "INTERNAL_ERROR"
        content = {"error_code": kind, "message": view["message"]}
    else:
        content = {"error": dict(view)}
    answer = json_answer(content, status)
    if status == 503:
        answer.headers["Retry-After"] = "1"
    if status in (408, 413):
        answer.headers["Connection"] = "close"  # the rest of the body may never come
    return answer
