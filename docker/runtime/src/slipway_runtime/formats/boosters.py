"""What XGBoost and LightGBM share: a model that answers from a matrix of numbers."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from slipway_runtime.description import Signature, TensorSpec
from slipway_runtime.example_request import instance_of
from slipway_runtime.formats.arrays import Array
from slipway_runtime.formats.booster_inputs import Features, booster_reader


class BoosterModel:
    def __init__(
        self,
        features: Features,
        signature: Signature | None,
        answer: Callable[[Array], Array],
        *,
        platform: str,
        frameworks: Sequence[str],
    ) -> None:
        self.platform = platform
        self.frameworks = frameworks
        reader = booster_reader(features, signature)
        self.inputs = reader.inputs
        self.example = _example(reader.inputs, features)
        self._read = reader.read
        self._answer = answer
        # No file says what comes out: a row of nothing but missing values shows it, and warms up.
        answered = answer(np.full((1, features.width), math.nan, dtype=features.element_type))
        found = TensorSpec("prediction", str(answered.dtype), (-1, *answered.shape[1:]))
        self.outputs = signature.outputs if signature and signature.outputs else (found,)

    def predict(self, instances: list[Any]) -> Array:
        return self._answer(self._read(instances))


def _example(inputs: Sequence[TensorSpec], features: Features) -> Any:
    """A body of `/predict`, where not every number will do."""
    if not features.categories:
        return None
    names = features.names or [spec.name for spec in inputs]
    known = {names[i]: categories[0] for i, categories in features.categories.items()}
    return {"instances": [{**instance_of(inputs), **known}]}
