"""The application: which routes there are, and what stands round all of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from slipway_runtime.model_host import ModelHost
from slipway_runtime.server.error_answers import answer_errors
from slipway_runtime.server.metrics import Metrics
from slipway_runtime.server.mlflow_scoring import mlflow_router
from slipway_runtime.server.open_inference import open_inference_router
from slipway_runtime.server.predict_route import predict_router
from slipway_runtime.server.request_log import RequestLog
from slipway_runtime.server.status_routes import status_router


def create_app(host: ModelHost, max_body_bytes: int) -> FastAPI:
    metrics = Metrics(host.description)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        host.start_loading()  # and listen meanwhile
        yield

    app = FastAPI(
        title=f"{host.description.model} {host.description.version}",
        version=host.description.version,
        openapi_url=None,  # served by a route of ours, so that it is counted like the others
        docs_url=None,  # FastAPI's own pages load scripts from a CDN
        redoc_url=None,
        lifespan=lifespan,
    )
    app.include_router(predict_router(host, metrics, max_body_bytes))
    app.include_router(open_inference_router(host, metrics, max_body_bytes))
    app.include_router(mlflow_router(host, metrics, max_body_bytes))
    app.include_router(status_router(host, metrics))
    answer_errors(app, metrics)
    app.add_middleware(RequestLog, metrics=metrics)
    return app
