"""The statistics of inputs and outputs, as Prometheus sees them."""

from collections.abc import Iterable, Mapping

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from slipway_runtime.value_statistics import MAX_CLASSES, ModelStatistics, ValueStatistics

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class ValueMetrics(Collector):
    def __init__(self, values: ModelStatistics) -> None:
        self._values = values

    def collect(self) -> Iterable[Metric]:
        inputs, outputs = self._values.inputs, self._values.outputs
        yield from _families("input", "feature", inputs)
        missing = CounterMetricFamily(
            "slipway_input_missing",
            "Missing values (null) seen in each feature.",
            labels=["feature"],
        )
        refused = CounterMetricFamily(
            "slipway_input_refused",
            "Requests refused for a value of this feature: "
            "out of its type's range, of another type, or not there.",
            labels=["feature"],
        )
        for name, statistics in inputs.items():
            missing.add_metric([name], statistics.missing)
            refused.add_metric([name], statistics.refused)
        yield from (missing, refused)
        yield from _families("output", "output", outputs)
        yield _classes(outputs)


def _families(side: str, label: str, known: Mapping[str, ValueStatistics]) -> Iterable[Metric]:
    values = SummaryMetricFamily(
        f"slipway_{side}_value",
        f"Numbers seen in each {label}, with their quantiles since the start within 5 %.",
        labels=[label],
    )
    smallest = GaugeMetricFamily(
        f"slipway_{side}_min", f"Smallest number seen in each {label}.", labels=[label]
    )
    largest = GaugeMetricFamily(
        f"slipway_{side}_max", f"Largest number seen in each {label}.", labels=[label]
    )
    for name, statistics in known.items():
        if not statistics.count:
            continue
        for share in QUANTILES:
            # No quantile lies outside of what was seen.
            about = statistics.sketch.quantile(share)
            value = min(max(about, statistics.smallest), statistics.largest)
            labels = {label: name, "quantile": str(share)}
            values.add_sample(f"slipway_{side}_value", labels, value)
        values.add_metric([name], statistics.count, statistics.total)
        smallest.add_metric([name], statistics.smallest)
        largest.add_metric([name], statistics.largest)
    return values, smallest, largest


def _classes(known: Mapping[str, ValueStatistics]) -> Metric:
    family = CounterMetricFamily(
        "slipway_output_class",
        f"Predictions of each class, the first {MAX_CLASSES} by name.",
        labels=["output", "class"],
    )
    for name, statistics in known.items():
        for label, count in statistics.classes.items():
            family.add_metric([name, label], count)
    return family
