"""What clients of `mlflow models serve` ask for: `/invocations`, `/ping`, `/version`.

The body of `/invocations` has one of

    {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], …]}}
    {"dataframe_records": [{"a": 1, "b": 2}, …]}
    {"instances": […]}
    {"inputs": […] or {name: column}}
"""

from typing import Any

from fastapi import APIRouter, Request, Response

from slipway_runtime import __version__
from slipway_runtime.described import described
from slipway_runtime.json_text import decode
from slipway_runtime.model import Model
from slipway_runtime.model_host import ModelHost
from slipway_runtime.server.counted_prediction import counted_predictions
from slipway_runtime.server.json_answer import encode_predictions
from slipway_runtime.server.metrics import Metrics
from slipway_runtime.server.openapi import json_body
from slipway_runtime.server.predict_request import (
    Columns,
    Rows,
    bad_request,
    columns_of,
)
from slipway_runtime.server.request_body import read_body, require_json

KINDS = ("dataframe_split", "dataframe_records", "instances", "inputs")
INVOCATIONS_SCHEMA = {
    "type": "object",
    "oneOf": [{"required": [kind]} for kind in KINDS],
    "properties": {
        "dataframe_split": {
            "type": "object",
            "required": ["columns", "data"],
            "properties": {
                "columns": {"type": "array", "items": {}},
                "data": {"type": "array", "items": {"type": "array", "items": {}}},
            },
        },
        "dataframe_records": {"type": "array", "items": {"type": "object"}},
        "instances": {"type": "array", "items": {}},
        "inputs": {},
    },
}


def mlflow_router(host: ModelHost, metrics: Metrics, max_body_bytes: int) -> APIRouter:
    router = APIRouter(tags=["MLflow scoring"])

    @router.get("/ping")
    async def ping() -> Response:
        return Response("\n", 200 if host.model is not None else 503)

    @router.get("/version")
    async def version() -> Response:
        return Response(__version__, media_type="text/plain")

    def answer(model: Model, body: bytes) -> bytes:
        request = parse_invocation(decode(body))
        return encode_predictions({"predictions": counted_predictions(model, request, metrics)})

    @router.post("/invocations", openapi_extra=json_body(INVOCATIONS_SCHEMA))
    async def invocations(request: Request) -> Response:
        require_json(request)
        body = await read_body(request, max_body_bytes)
        return Response(
            await host.run(lambda model: answer(model, body)), media_type="application/json"
        )

    return router


def parse_invocation(document: Any) -> Rows | Columns:
    """Throws `RequestError`. `params` is refused unless empty: no format takes any."""
    if not isinstance(document, dict):
        raise bad_request(f"the body must be an object, not {described(document)}")
    if document.get("params"):
        raise bad_request("the model takes no params", field="params")
    kinds = [key for key in document if key != "params"]
    if len(kinds) != 1 or kinds[0] not in KINDS:
        raise bad_request(f"the body must have exactly one of {', '.join(KINDS)}")
    kind, value = kinds[0], document[kinds[0]]
    if kind == "inputs" and isinstance(value, dict):
        return columns_of(value)
    if kind == "dataframe_split":
        return Rows(_split(value))
    if not isinstance(value, list):
        raise bad_request(f"expected a list, got {described(value)}", field=kind)
    return Rows(value)


def _split(table: Any) -> list[Any]:
    columns, data = (
        (table.get("columns"), table.get("data")) if isinstance(table, dict) else (None, None)
    )
    if not isinstance(columns, list) or not isinstance(data, list):
        raise bad_request("must have columns and data, both lists", field="dataframe_split")
    for index, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(columns):
            raise bad_request(
                f"row {index} has not one value for each of {len(columns)} columns",
                field="dataframe_split",
            )
    if not all(isinstance(column, str) for column in columns):
        return data  # a table without names numbers its columns
    return [dict(zip(columns, row, strict=True)) for row in data]
