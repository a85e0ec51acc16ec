"""Answers as JSON."""

from typing import Any

from starlette.responses import Response

from slipway_runtime.errors import PredictionFailed
from slipway_runtime.json_text import encode


def json_answer(content: dict[str, Any], status: int = 200) -> Response:
    return Response(encode(content), status, media_type="application/json")


def encode_predictions(content: dict[str, Any]) -> bytes:
    """Throws `PredictionFailed` for what a model returned and JSON cannot hold."""
    try:
        return encode(content)
    except (TypeError, ValueError, RecursionError) as error:
        raise PredictionFailed(f"the predictions are not JSON: {error}") from error
