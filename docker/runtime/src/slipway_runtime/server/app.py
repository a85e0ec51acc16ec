"""The application: which routes there are, and what stands round all of them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware

from slipway_runtime.description import ModelDescription
from slipway_runtime.server.access_log import AccessLog
from slipway_runtime.server.error_answers import ERROR_HANDLERS
from slipway_runtime.server.metrics import Metrics
from slipway_runtime.server.mlflow_routes import mlflow_routes
from slipway_runtime.server.open_inference import open_inference_routes
from slipway_runtime.server.prediction_routes import prediction_routes
from slipway_runtime.server.request_log import RequestLog
from slipway_runtime.server.status_routes import status_routes
from slipway_runtime.server.worker_pool import WorkerPool
from slipway_runtime.settings import Settings


def create_app(
    description: ModelDescription,
    settings: Settings,
    pool: WorkerPool,
    access: AccessLog,
    start: Callable[[], None],
) -> Starlette:
    """`start` starts the pool, in the event loop that the application runs in."""
    metrics = Metrics(description, pool)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        start()  # and listen meanwhile
        yield
        await pool.stop()

    return Starlette(
        routes=[
            *prediction_routes(description, pool, metrics, settings),
            *status_routes(description, pool, metrics),
            *open_inference_routes(description, pool),
            *mlflow_routes(pool),
        ],
        middleware=[Middleware(RequestLog, metrics=metrics, access=access)],
        exception_handlers=ERROR_HANDLERS,
        lifespan=lifespan,
    )
