"""Quantiles of a stream of numbers, within 5 % of the value, in bounded memory.

DDSketch (Masson, Rim, Lee, VLDB 2019, https://arxiv.org/abs/1908.10693): buckets whose bounds grow
by a constant factor, so that two sketches are added by adding their buckets. A bucket's key is

    0               numbers nearer to zero than 1e-12
    n > 0           G^(n - 1 - 300) < x ≤ G^(n - 300), G being GAMMA
    -n              the same below zero

so that keys are in the order of their numbers. Of more than `MAX_BUCKETS`, those nearest to zero
become one.
"""

import math
from collections.abc import Iterable, Mapping

ACCURACY = 0.05
GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
BY_LOG = 1 / math.log(GAMMA)
OFFSET = 300
MAX_BUCKETS = 200
SMALLEST = 1e-12


class QuantileSketch:
    def __init__(self, buckets: Mapping[int, int] | None = None) -> None:
        self.buckets: dict[int, int] = dict(buckets or {})

    def add(self, numbers: Iterable[float]) -> None:
        """They are finite."""
        buckets, log, ceil = self.buckets, math.log, math.ceil
        for x in numbers:
            if x > SMALLEST:
                key = OFFSET + ceil(log(x) * BY_LOG)
            elif x < -SMALLEST:
                key = -OFFSET - ceil(log(-x) * BY_LOG)
            else:
                key = 0
            buckets[key] = buckets.get(key, 0) + 1
        self._bound()

    def merge(self, other: "QuantileSketch") -> None:
        for key, count in other.buckets.items():
            self.buckets[key] = self.buckets.get(key, 0) + count
        self._bound()

    def quantile(self, share: float) -> float:
        """The number that `share` of all are not above. There is at least one."""
        rank = share * (sum(self.buckets.values()) - 1)
        seen = 0
        for key in sorted(self.buckets):
            seen += self.buckets[key]
            if seen > rank:
                break
        return _middle(key)

    def _bound(self) -> None:
        if len(self.buckets) > MAX_BUCKETS:
            nearest = sorted(self.buckets, key=abs)[: len(self.buckets) - MAX_BUCKETS + 1]
            count = sum(self.buckets.pop(key) for key in nearest)
            self.buckets[nearest[-1]] = count


def _middle(key: int) -> float:
    """The number that is within ACCURACY of all in the bucket."""
    if key == 0:
        return 0.0
    size: float = 2 * GAMMA ** (abs(key) - OFFSET) / (GAMMA + 1)
    return math.copysign(size, key)
