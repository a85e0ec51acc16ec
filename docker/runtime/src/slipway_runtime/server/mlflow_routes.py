"""What clients of `mlflow models serve` ask besides `/invocations`."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from slipway_runtime import __version__
from slipway_runtime.server.template_route import TemplateRoute
from slipway_runtime.server.worker_pool import WorkerPool


def mlflow_routes(pool: WorkerPool) -> Sequence[BaseRoute]:
    async def ping(request: Request) -> Response:
        return Response("\n", 200 if pool.unready() is None else 503)

    async def version(request: Request) -> Response:
        return Response(__version__, media_type="text/plain")

    return [TemplateRoute("/ping", ping), TemplateRoute("/version", version)]
