"""Liveness, readiness, metadata, metrics, documentation: all that is not a prediction."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from slipway_runtime.description import ModelDescription
from slipway_runtime.server.docs_page import docs_page
from slipway_runtime.server.json_answer import json_answer
from slipway_runtime.server.metadata import metadata_view
from slipway_runtime.server.metrics import CONTENT_TYPE, Metrics
from slipway_runtime.server.openapi import openapi_document
from slipway_runtime.server.template_route import TemplateRoute
from slipway_runtime.server.worker_pool import WorkerPool


def status_routes(
    description: ModelDescription, pool: WorkerPool, metrics: Metrics
) -> Sequence[BaseRoute]:
    document = openapi_document(description)

    def view() -> dict[str, object]:
        return metadata_view(description, pool.model, ready=pool.unready() is None)

    async def health(request: Request) -> Response:
        if pool.failure is not None:
            return json_answer({"status": "failed", "reason": str(pool.failure)}, 503)
        return json_answer({"status": "ok"})

    async def ready(request: Request) -> Response:
        unready = pool.unready()
        if unready is None:
            return json_answer({"status": "ready"})
        return json_answer({"status": unready[0], "reason": unready[1]}, 503)

    async def metadata(request: Request) -> Response:
        return json_answer(view())

    async def prometheus(request: Request) -> Response:
        await pool.collect_values()
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    async def openapi(request: Request) -> Response:
        return json_answer(document)

    async def docs(request: Request) -> Response:
        page = docs_page(view(), str(request.base_url))
        return Response(
            page,
            media_type="text/html; charset=utf-8",
            headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"},
        )

    return [
        TemplateRoute("/health", health),
        TemplateRoute("/ready", ready),
        TemplateRoute("/metadata", metadata),
        TemplateRoute("/metrics", prometheus),
        TemplateRoute("/openapi.json", openapi),
        TemplateRoute("/docs", docs),
    ]
