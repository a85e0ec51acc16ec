"""What goes into the model and what comes out, counted as it passes: enough to see data drift.

Bounded on every side: the first 50 features, the first 20 classes of an output, 200 buckets of a
sketch, and of each request the first 100 instances. A worker counts some 10,000 values a second,
and above that none until the second is over: a model may be quicker than its statistics. Text is
never kept, only classes of outputs are. The front adds up what all workers have counted; in between
it is

    {"instances": n, "inputs": {name: values}, "outputs": {name: values}}
    values: {"count", "total", "missing", "refused", "smallest", "largest",
             "sketch": {key: count}, "classes": {name: count}}    quantile_sketch.py draws the keys
"""

import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from slipway_runtime.quantile_sketch import QuantileSketch

MAX_FEATURES = 50
MAX_CLASSES = 20
MAX_INSTANCES_OF_A_REQUEST = 100
MAX_VALUES_OF_A_SECOND = 10_000
OTHER_CLASS = "(other)"
NUMBER = (int, float)
CLASS = (str, int)
LARGEST = sys.float_info.max

Columns = Mapping[str, Sequence[Any]]


@dataclass
class ValueStatistics:
    """Of one feature or output."""

    count: int = 0
    total: float = 0.0
    missing: int = 0
    refused: int = 0
    smallest: float = math.inf
    largest: float = -math.inf
    sketch: QuantileSketch = field(default_factory=QuantileSketch)
    classes: Counter[str] = field(default_factory=Counter)

    def add(self, values: Sequence[Any]) -> None:
        numbers = [float(v) for v in values if isinstance(v, NUMBER) and -LARGEST <= v <= LARGEST]
        if numbers:
            self.count += len(numbers)
            self.total += sum(numbers)
            self.smallest = min(self.smallest, *numbers)
            self.largest = max(self.largest, *numbers)
            self.sketch.add(numbers)

    def add_classes(self, names: Mapping[str, int]) -> None:
        for name, count in names.items():
            known = name in self.classes or len(self.classes) < MAX_CLASSES
            self.classes[name if known else OTHER_CLASS] += count

    def merge(self, other: "ValueStatistics") -> None:
        self.count += other.count
        self.total += other.total
        self.missing += other.missing
        self.refused += other.refused
        self.smallest = min(self.smallest, other.smallest)
        self.largest = max(self.largest, other.largest)
        self.sketch.merge(other.sketch)
        self.add_classes(other.classes)


class ModelStatistics:
    """Of all features and outputs since the process started, or since they were last taken."""

    def __init__(self) -> None:
        self.instances = 0
        self.inputs: dict[str, ValueStatistics] = {}
        self.outputs: dict[str, ValueStatistics] = {}
        self._second = 0.0
        self._values_of_second = 0

    def observe(self, instances: int, columns: Callable[[], tuple[Columns, Columns]]) -> None:
        """Counts what was predicted; `columns` gives its inputs and outputs by name."""
        self.instances += instances
        now = time.monotonic()
        if now - self._second >= 1:
            self._second, self._values_of_second = now, 0
        if self._values_of_second >= MAX_VALUES_OF_A_SECOND:
            return
        inputs, outputs = columns()
        for name, values in islice(inputs.items(), MAX_FEATURES):
            sample = values[:MAX_INSTANCES_OF_A_REQUEST]
            self._values_of_second += len(sample)
            if (statistics := _of(self.inputs, name)) is not None:
                statistics.missing += sum(value is None for value in sample)
                statistics.add(sample)
        for name, values in islice(outputs.items(), MAX_FEATURES):
            sample = values[:MAX_INSTANCES_OF_A_REQUEST]
            self._values_of_second += len(sample)
            if (statistics := _of(self.outputs, name)) is not None:
                statistics.add(sample)
                statistics.add_classes(Counter(str(v) for v in sample if isinstance(v, CLASS)))

    def refuse(self, name: str) -> None:
        """A value that the input does not take: of another type, out of range, missing."""
        if (statistics := _of(self.inputs, name)) is not None:
            statistics.refused += 1

    def taken(self) -> dict[str, Any]:
        """As the head of this page draws it; what follows is counted anew."""
        document = {
            "instances": self.instances,
            "inputs": {name: _view(values) for name, values in self.inputs.items()},
            "outputs": {name: _view(values) for name, values in self.outputs.items()},
        }
        self.instances, self.inputs, self.outputs = 0, {}, {}
        return document

    def merge(self, document: Mapping[str, Any]) -> None:
        self.instances += document["instances"]
        for known, side in ((self.inputs, "inputs"), (self.outputs, "outputs")):
            for name, values in document[side].items():
                if (statistics := _of(known, name)) is not None:
                    statistics.merge(_parsed(values))


def _of(known: dict[str, ValueStatistics], name: str) -> ValueStatistics | None:
    if name not in known and len(known) >= MAX_FEATURES:
        return None
    return known.setdefault(name, ValueStatistics())


def _view(values: ValueStatistics) -> dict[str, Any]:
    return {
        "count": values.count,
        "total": values.total,
        "missing": values.missing,
        "refused": values.refused,
        "smallest": values.smallest,
        "largest": values.largest,
        "sketch": values.sketch.buckets,
        "classes": values.classes,
    }


def _parsed(view: Mapping[str, Any]) -> ValueStatistics:
    return ValueStatistics(
        count=view["count"],
        total=view["total"],
        missing=view["missing"],
        refused=view["refused"],
        smallest=view["smallest"],
        largest=view["largest"],
        sketch=QuantileSketch({int(key): count for key, count in view["sketch"].items()}),
        classes=Counter(view["classes"]),
    )
