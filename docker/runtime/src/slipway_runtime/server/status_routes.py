"""Liveness, readiness, metadata, metrics, documentation: all that is not a prediction."""

from fastapi import APIRouter, Request, Response

from slipway_runtime.model_host import ModelHost
from slipway_runtime.server.docs_page import docs_page
from slipway_runtime.server.json_answer import json_answer
from slipway_runtime.server.metadata import metadata_view
from slipway_runtime.server.metrics import CONTENT_TYPE, Metrics


def status_router(host: ModelHost, metrics: Metrics) -> APIRouter:
    router = APIRouter()

    @router.get("/health", summary="200 while the process is well")
    async def health() -> Response:
        if host.failure is not None:
            return json_answer({"status": "failed", "reason": str(host.failure)}, 503)
        return json_answer({"status": "ok"})

    @router.get("/ready", summary="200 once the model is loaded, until then 503")
    async def ready() -> Response:
        if host.model is None:
            return json_answer({"status": "loading"}, 503)
        return json_answer({"status": "ready"})

    @router.get("/metadata", summary="What is served, by what")
    async def metadata() -> Response:
        return json_answer(metadata_view(host.description, host.model))

    @router.get("/metrics", summary="Prometheus metrics")
    async def prometheus() -> Response:
        metrics.ready.set(host.model is not None)
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    @router.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> Response:
        return json_answer(request.app.openapi())

    @router.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        page = docs_page(metadata_view(host.description, host.model), str(request.base_url))
        return Response(
            page,
            media_type="text/html; charset=utf-8",
            headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"},
        )

    return router
