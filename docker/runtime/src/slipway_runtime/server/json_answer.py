"""Answers as JSON."""

from typing import Any

from starlette.responses import Response

from slipway_runtime.json_text import encode


def json_answer(content: dict[str, Any], status: int = 200) -> Response:
    return Response(encode(content), status, media_type="application/json")
