"""The Open Inference Protocol v2, with data in JSON.

Source: https://github.com/open-inference/open-inference-protocol, `inference_rest.md`.
"""

from typing import Any

from fastapi import APIRouter, Request, Response

from slipway_runtime import __version__
from slipway_runtime.datatypes import open_inference_datatype
from slipway_runtime.description import TensorSpec
from slipway_runtime.errors import RequestError
from slipway_runtime.json_text import decode
from slipway_runtime.model import Model
from slipway_runtime.model_host import ModelHost
from slipway_runtime.server.counted_prediction import counted_inference
from slipway_runtime.server.json_answer import encode_predictions, json_answer
from slipway_runtime.server.metrics import Metrics
from slipway_runtime.server.openapi import json_body
from slipway_runtime.server.request_body import read_body, require_json
from slipway_runtime.server.tensor_request import parse_infer_request, selected

INFER_SCHEMA = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "inputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "shape", "datatype", "data"],
                "properties": {
                    "name": {"type": "string"},
                    "shape": {"type": "array", "items": {"type": "integer"}},
                    "datatype": {"type": "string"},
                    "parameters": {"type": "object"},
                    "data": {"type": "array", "description": "row-major, nested or flat"},
                },
            },
        },
        "outputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}},
            },
        },
    },
}


def open_inference_router(host: ModelHost, metrics: Metrics, max_body_bytes: int) -> APIRouter:
    router = APIRouter(prefix="/v2", tags=["Open Inference Protocol v2"])
    description = host.description

    def require_served(model: str, version: str | None) -> None:
        if model != description.model or version not in (None, description.version):
            asked = model if version is None else f"{model} {version}"
            served = f"{description.model} {description.version}"
            raise RequestError("not_found", f"{asked} is not served here, {served} is", status=404)

    @router.get("")
    async def server_metadata() -> Response:
        return json_answer({"name": "slipway-runtime", "version": __version__, "extensions": []})

    @router.get("/health/live")
    async def live() -> Response:
        return json_answer({"live": host.failure is None, "ready": host.model is not None})

    @router.get("/health/ready")
    async def ready() -> Response:
        is_ready = host.model is not None
        return json_answer(
            {"live": host.failure is None, "ready": is_ready}, 200 if is_ready else 503
        )

    @router.get("/models/{model}")
    @router.get("/models/{model}/versions/{version}")
    async def model_metadata(model: str, version: str | None = None) -> Response:
        require_served(model, version)
        loaded = host.loaded()
        return json_answer(
            {
                "name": description.model,
                "versions": [description.version],
                "platform": loaded.platform,
                "inputs": [_tensor_metadata(spec) for spec in loaded.inputs],
                "outputs": [_tensor_metadata(spec) for spec in loaded.outputs],
            }
        )

    @router.get("/models/{model}/ready")
    @router.get("/models/{model}/versions/{version}/ready")
    async def model_ready(model: str, version: str | None = None) -> Response:
        require_served(model, version)
        is_ready = host.model is not None
        return json_answer({"name": description.model, "ready": is_ready}, 200 if is_ready else 503)

    def answer(model: Model, body: bytes) -> bytes:
        request = parse_infer_request(decode(body))
        outputs = selected(counted_inference(model, request.inputs, metrics), request.outputs)
        content: dict[str, Any] = {
            "model_name": description.model,
            "model_version": description.version,
        }
        if request.id is not None:
            content["id"] = request.id
        content["outputs"] = [
            {"name": t.name, "shape": t.shape, "datatype": t.datatype, "data": t.data}
            for t in outputs
        ]
        return encode_predictions(content)

    @router.post("/models/{model}/infer", openapi_extra=json_body(INFER_SCHEMA))
    @router.post("/models/{model}/versions/{version}/infer", openapi_extra=json_body(INFER_SCHEMA))
    async def model_infer(request: Request, model: str, version: str | None = None) -> Response:
        require_served(model, version)
        require_json(request)
        body = await read_body(request, max_body_bytes)
        return Response(
            await host.run(lambda loaded: answer(loaded, body)), media_type="application/json"
        )

    return router


def _tensor_metadata(spec: TensorSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "datatype": open_inference_datatype(spec.type),
        "shape": list(spec.shape),
    }
