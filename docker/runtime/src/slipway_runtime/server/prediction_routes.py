"""Where predictions are asked for, in each of three protocols."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.routing import BaseRoute

from slipway_runtime.description import ModelDescription
from slipway_runtime.server.metrics import Metrics
from slipway_runtime.server.open_inference import require_served
from slipway_runtime.server.prediction_endpoint import Check, PredictionEndpoint
from slipway_runtime.server.request_body import BodyReader
from slipway_runtime.server.template_route import TemplateRoute
from slipway_runtime.server.worker_pool import WorkerPool
from slipway_runtime.settings import Settings
from slipway_runtime.wire import INVOCATIONS, PREDICT, TENSORS


def prediction_routes(
    description: ModelDescription, pool: WorkerPool, metrics: Metrics, settings: Settings
) -> Sequence[BaseRoute]:
    bodies = BodyReader(settings)

    def route(path: str, kind: bytes, check: Check = lambda _: None) -> BaseRoute:
        endpoint = PredictionEndpoint(kind, pool, bodies, metrics, check)
        return TemplateRoute(path, endpoint, methods=["POST"])

    def served(request: Request) -> None:
        require_served(description, request)

    return [
        route("/predict", PREDICT),
        route("/invocations", INVOCATIONS),
        route("/v2/models/{model}/infer", TENSORS, served),
        route("/v2/models/{model}/versions/{version}/infer", TENSORS, served),
    ]
