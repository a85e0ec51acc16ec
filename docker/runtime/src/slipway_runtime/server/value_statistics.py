"""What goes into the model and what comes out, counted as it passes: enough to see data drift.

Bounded on every side: the first 50 features, the first 20 classes of an output, and of each request
the first 100 instances. Text is never kept, only classes of outputs are.
"""

import math
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

MAX_FEATURES = 50
MAX_CLASSES = 20
MAX_INSTANCES_OF_A_REQUEST = 100
OTHER_CLASS = "(other)"
NUMBER = (int, float)
CLASS = (str, int)
LARGEST = sys.float_info.max


@dataclass
class ValueStatistics:
    """Of one feature or output since the process started."""

    count: int = 0
    total: float = 0.0
    missing: int = 0
    smallest: float = math.inf
    largest: float = -math.inf
    classes: Counter[str] = field(default_factory=Counter)

    def add(self, values: Iterable[Any]) -> None:
        numbers = [float(v) for v in values if isinstance(v, NUMBER) and -LARGEST <= v <= LARGEST]
        if numbers:
            self.count += len(numbers)
            self.total += sum(numbers)
            self.smallest = min(self.smallest, *numbers)
            self.largest = max(self.largest, *numbers)

    def add_classes(self, values: Iterable[Any]) -> None:
        for value in values:
            if isinstance(value, CLASS):
                name = str(value)
                known = name in self.classes or len(self.classes) < MAX_CLASSES
                self.classes[name if known else OTHER_CLASS] += 1


class ModelStatistics(Collector):
    """A collector for Prometheus over the statistics of all features and outputs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inputs: dict[str, ValueStatistics] = {}
        self._outputs: dict[str, ValueStatistics] = {}

    def observe_inputs(self, columns: Mapping[str, Sequence[Any]]) -> None:
        with self._lock:
            for name, values in islice(columns.items(), MAX_FEATURES):
                statistics = self._of(self._inputs, name)
                if statistics is not None:
                    sample = values[:MAX_INSTANCES_OF_A_REQUEST]
                    statistics.missing += sum(value is None for value in sample)
                    statistics.add(sample)

    def observe_outputs(self, columns: Mapping[str, Sequence[Any]]) -> None:
        with self._lock:
            for name, values in islice(columns.items(), MAX_FEATURES):
                statistics = self._of(self._outputs, name)
                if statistics is not None:
                    sample = values[:MAX_INSTANCES_OF_A_REQUEST]
                    statistics.add(sample)
                    statistics.add_classes(sample)

    def _of(self, known: dict[str, ValueStatistics], name: str) -> ValueStatistics | None:
        if name not in known and len(known) >= MAX_FEATURES:
            return None
        return known.setdefault(name, ValueStatistics())

    def collect(self) -> Iterable[Metric]:
        with self._lock:
            yield from _families("input", "feature", self._inputs)
            yield _missing(self._inputs)
            yield from _families("output", "output", self._outputs)
            yield _classes(self._outputs)


def _families(side: str, label: str, known: Mapping[str, ValueStatistics]) -> Iterable[Metric]:
    values = SummaryMetricFamily(
        f"slipway_{side}_value", f"Numbers seen in each {label}.", labels=[label]
    )
    smallest = GaugeMetricFamily(
        f"slipway_{side}_min", f"Smallest number seen in each {label}.", labels=[label]
    )
    largest = GaugeMetricFamily(
        f"slipway_{side}_max", f"Largest number seen in each {label}.", labels=[label]
    )
    for name, statistics in known.items():
        if statistics.count:
            values.add_metric([name], statistics.count, statistics.total)
            smallest.add_metric([name], statistics.smallest)
            largest.add_metric([name], statistics.largest)
    return values, smallest, largest


def _missing(known: Mapping[str, ValueStatistics]) -> Metric:
    family = CounterMetricFamily(
        "slipway_input_missing", "Missing values (null) seen in each feature.", labels=["feature"]
    )
    for name, statistics in known.items():
        family.add_metric([name], statistics.missing)
    return family


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
