"""The workers and their line, as Prometheus sees them."""

import resource
from collections.abc import Iterable

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from slipway_runtime.server.worker_pool import WorkerPool
from slipway_runtime.server.worker_process import anonymous_memory_bytes, cpu_seconds

END_KINDS = ("died", "timeout", "memory", "load")


class WorkerMetrics(Collector):
    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool

    def collect(self) -> Iterable[Metric]:
        pool, workers = self._pool, self._pool.workers
        yield _gauge("model_ready", "1 while predictions can be asked for.", pool.unready() is None)
        yield _gauge("workers", "Workers that there are to be (WORKERS).", pool.settings.workers)
        ready = sum(worker.model is not None and worker.end is None for worker in workers)
        yield _gauge("workers_ready", "Workers that have loaded the model.", ready)
        yield _gauge("workers_busy", "Workers that are predicting.", pool.busy)
        yield _gauge("queue_length", "Requests that wait for a worker.", pool.waiting)
        yield _gauge("queue_limit", "Most that may wait (QUEUE_LIMIT).", pool.settings.queue_limit)
        yield SummaryMetricFamily(
            "slipway_queue_seconds",
            "How long requests waited for a worker, those that had to.",
            count_value=pool.waited_requests,
            sum_value=pool.waited_seconds,
        )
        restarts = CounterMetricFamily(
            "slipway_worker_restarts",
            "Workers replaced, by why they ended: "
            "died, took too long (timeout), held too much memory, or did not load.",
            labels=["reason"],
        )
        for kind in END_KINDS:
            restarts.add_metric([kind], pool.restarts[kind])
        yield restarts
        yield CounterMetricFamily(
            "slipway_workers_cpu_seconds",
            "CPU time of all workers, those that have ended too.",
            value=_ended_cpu_seconds() + sum(cpu_seconds(worker.pid) for worker in workers),
        )
        memory = GaugeMetricFamily(
            "slipway_worker_memory_bytes",
            "Memory that a worker holds, without the pages of files.",
            labels=["worker"],
        )
        limit = GaugeMetricFamily(
            "slipway_worker_memory_limit_bytes",
            "Above it a worker is replaced (WORKER_MAX_MEMORY_BYTES).",
            labels=["worker"],
        )
        for worker in workers:
            memory.add_metric([str(worker.slot)], anonymous_memory_bytes(worker.pid))
            if worker.memory_limit_bytes:
                limit.add_metric([str(worker.slot)], worker.memory_limit_bytes)
        yield from (memory, limit)
        yield CounterMetricFamily(
            "slipway_instances_predicted", "Instances predicted.", value=pool.values.instances
        )


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"slipway_{name}", help_text, value=float(value))


def _ended_cpu_seconds() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime
