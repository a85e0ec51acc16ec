"""The container's own use and limits, where a cgroup tells them."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from slipway_runtime.cgroup import cpu_use, memory_limit_bytes, memory_use_bytes
from slipway_runtime.cpu_limit import cpu_quota


class ContainerMetrics(Collector):
    def collect(self) -> Iterable[Metric]:
        used = cpu_use()
        if used is not None:
            yield CounterMetricFamily(
                "slipway_container_cpu_seconds", "CPU time of the container.", value=used.seconds
            )
            yield CounterMetricFamily(
                "slipway_container_cpu_throttled_seconds",
                "Time in which the container's quota held it up.",
                value=used.throttled_seconds,
            )
        for name, help_text, value in (
            ("cpu_limit_cores", "Its quota, where it has one.", cpu_quota()),
            ("memory_bytes", "Memory of the container that is in use.", memory_use_bytes()),
            ("memory_limit_bytes", "Its limit, where it has one.", memory_limit_bytes()),
        ):
            if value is not None:
                yield GaugeMetricFamily(f"slipway_container_{name}", help_text, value=value)
