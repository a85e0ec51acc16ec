"""`POST /predict`."""

from fastapi import APIRouter, Request, Response

from slipway_runtime.json_text import decode
from slipway_runtime.model import Model
from slipway_runtime.model_host import ModelHost
from slipway_runtime.server.counted_prediction import counted_predictions
from slipway_runtime.server.json_answer import encode_predictions
from slipway_runtime.server.metrics import Metrics
from slipway_runtime.server.openapi import PREDICT_DESCRIPTION, predict_openapi
from slipway_runtime.server.predict_request import parse_predict_request
from slipway_runtime.server.request_body import read_body, require_json


def predict_router(host: ModelHost, metrics: Metrics, max_body_bytes: int) -> APIRouter:
    router = APIRouter()
    description = host.description

    def answer(model: Model, body: bytes) -> bytes:
        # All of it in the worker's thread: parsing a large body would hold up the event loop.
        request = parse_predict_request(decode(body))
        return encode_predictions(
            {
                "predictions": counted_predictions(model, request, metrics),
                "model": description.model,
                "version": description.version,
            }
        )

    @router.post(
        "/predict",
        summary="Predict",
        description=PREDICT_DESCRIPTION,
        response_class=Response,
        openapi_extra=predict_openapi(description),
    )
    async def predict(request: Request) -> Response:
        require_json(request)
        body = await read_body(request, max_body_bytes)
        return Response(
            await host.run(lambda model: answer(model, body)), media_type="application/json"
        )

    return router
