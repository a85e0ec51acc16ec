"""What `/metrics` shows, in a registry of the app's own."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from slipway_runtime import __version__
from slipway_runtime.description import ModelDescription
from slipway_runtime.server.container_metrics import ContainerMetrics
from slipway_runtime.server.value_metrics import ValueMetrics
from slipway_runtime.server.worker_metrics import WorkerMetrics
from slipway_runtime.server.worker_pool import WorkerPool

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LATENCY_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    def __init__(self, description: ModelDescription, pool: WorkerPool) -> None:
        disable_created_metrics()  # a second series for each, that nobody asks for
        self._registry = registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        self.requests = Counter(
            "slipway_requests",
            "HTTP requests answered.",
            ["method", "path", "status"],
            registry=registry,
        )
        self.duration = Histogram(
            "slipway_request_duration_seconds",
            "From a request's first byte to its answer's last.",
            ["path"],
            buckets=LATENCY_SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "slipway_requests_in_flight", "HTTP requests being answered.", registry=registry
        )
        self.errors = Counter(
            "slipway_prediction_errors",
            "Predictions that were refused or failed, by the code of the error.",
            ["code"],
            registry=registry,
        )
        info = Gauge(
            "slipway_model_info",
            "What this process serves; always 1.",
            ["model", "version", "content_digest", "format", "runtime_version"],
            registry=registry,
        )
        info.labels(
            description.model,
            description.version,
            description.content_digest,
            description.format,
            __version__,
        ).set(1)
        registry.register(WorkerMetrics(pool))
        registry.register(ContainerMetrics())
        registry.register(ValueMetrics(pool.values))

    def text(self) -> bytes:
        return generate_latest(self._registry)
