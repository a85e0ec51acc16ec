"""Instances and predictions → columns by name, as the statistics count them."""

from collections.abc import Mapping, Sequence
from typing import Any

from slipway_runtime.description import TensorSpec
from slipway_runtime.value_statistics import MAX_FEATURES, MAX_INSTANCES_OF_A_REQUEST


def input_columns(
    instances: Sequence[Any], inputs: Sequence[TensorSpec]
) -> Mapping[str, Sequence[Any]]:
    """Columns by the names of the model's inputs; a nameless one by its position in the row."""
    names = [spec.name for spec in inputs] if len(inputs) > 1 else []
    alone = inputs[0].name if len(inputs) == 1 else "input"
    columns: dict[str, list[Any]] = {}
    for instance in instances[:MAX_INSTANCES_OF_A_REQUEST]:
        if isinstance(instance, dict) and list(instance) == [alone]:
            instance = instance[alone]
        if isinstance(instance, dict):
            items = list(instance.items())[:MAX_FEATURES]
        elif isinstance(instance, list):
            items = [
                (names[i] if i < len(names) else f"{alone}[{i}]", value)
                for i, value in enumerate(instance[:MAX_FEATURES])
            ]
        else:
            items = [(alone, instance)]
        for name, value in items:
            columns.setdefault(name, []).append(value)
    return columns


def output_columns(
    predictions: Sequence[Any], outputs: Sequence[TensorSpec]
) -> Mapping[str, Sequence[Any]]:
    columns: dict[str, list[Any]] = {}
    name = outputs[0].name if len(outputs) == 1 else "prediction"
    for prediction in predictions[:MAX_INSTANCES_OF_A_REQUEST]:
        items = prediction.items() if isinstance(prediction, dict) else [(name, prediction)]
        for key, value in items:
            columns.setdefault(str(key), []).append(value)
    return columns
