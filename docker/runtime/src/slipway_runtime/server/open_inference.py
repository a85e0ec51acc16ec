"""The Open Inference Protocol v2 besides its inferences: is it ready, and for what.

Source: https://github.com/open-inference/open-inference-protocol, `inference_rest.md`.
"""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from slipway_runtime import __version__
from slipway_runtime.datatypes import open_inference_datatype
from slipway_runtime.description import ModelDescription, TensorSpec
from slipway_runtime.errors import RequestError
from slipway_runtime.server.json_answer import json_answer
from slipway_runtime.server.template_route import TemplateRoute
from slipway_runtime.server.worker_pool import WorkerPool


def require_served(description: ModelDescription, request: Request) -> None:
    """Throws `RequestError` (404) where the path names another model or version."""
    model = request.path_params["model"]
    version = request.path_params.get("version")
    if model != description.model or version not in (None, description.version):
        asked = model if version is None else f"{model} {version}"
        served = f"{description.model} {description.version}"
        raise RequestError("not_found", f"{asked} is not served here, {served} is", status=404)


def open_inference_routes(description: ModelDescription, pool: WorkerPool) -> Sequence[BaseRoute]:
    async def server_metadata(request: Request) -> Response:
        return json_answer({"name": "slipway-runtime", "version": __version__, "extensions": []})

    def health() -> dict[str, Any]:
        return {"live": pool.failure is None, "ready": pool.unready() is None}

    async def live(request: Request) -> Response:
        return json_answer(health())

    async def ready(request: Request) -> Response:
        return json_answer(health(), 200 if pool.unready() is None else 503)

    async def model_metadata(request: Request) -> Response:
        require_served(description, request)
        if pool.model is None:
            raise RequestError("not_ready", "the model is still loading", status=503)
        return json_answer(
            {
                "name": description.model,
                "versions": [description.version],
                "platform": pool.model.platform,
                "inputs": [_tensor_metadata(spec) for spec in pool.model.inputs],
                "outputs": [_tensor_metadata(spec) for spec in pool.model.outputs],
            }
        )

    async def model_ready(request: Request) -> Response:
        require_served(description, request)
        is_ready = pool.unready() is None
        return json_answer({"name": description.model, "ready": is_ready}, 200 if is_ready else 503)

    return [
        TemplateRoute("/v2", server_metadata),
        TemplateRoute("/v2/health/live", live),
        TemplateRoute("/v2/health/ready", ready),
        TemplateRoute("/v2/models/{model}", model_metadata),
        TemplateRoute("/v2/models/{model}/versions/{version}", model_metadata),
        TemplateRoute("/v2/models/{model}/ready", model_ready),
        TemplateRoute("/v2/models/{model}/versions/{version}/ready", model_ready),
    ]


def _tensor_metadata(spec: TensorSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "datatype": open_inference_datatype(spec.type),
        "shape": list(spec.shape),
    }
