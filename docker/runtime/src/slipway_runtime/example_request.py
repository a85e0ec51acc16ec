"""The request that `/docs` and `/metadata` show, ready to be sent as it is."""

from collections.abc import Sequence
from typing import Any

from slipway_runtime.datatypes import is_float, is_number
from slipway_runtime.description import ModelDescription, TensorSpec
from slipway_runtime.model import ExampleModel, Model


def example_request(description: ModelDescription, model: Model) -> Any:
    """The package's own example, else the model's, else one of zeros; None where nothing tells."""
    if description.example is not None:
        return description.example
    if isinstance(model, ExampleModel) and model.example is not None:
        return model.example
    return {"instances": [instance_of(model.inputs)]} if model.inputs else None


def instance_of(inputs: Sequence[TensorSpec]) -> Any:
    """Of one input its value, of several an object of those that must be there."""
    if len(inputs) == 1:
        return _value(inputs[0].type, inputs[0].shape[1:])
    return {spec.name: _value(spec.type, spec.shape[1:]) for spec in inputs if not spec.optional}


def _value(type_name: str, shape: Sequence[int]) -> Any:
    if shape:
        return [_value(type_name, shape[1:]) for _ in range(max(shape[0], 1))]
    if type_name == "bool":
        return False
    if type_name == "string":
        return "text"
    return 0 if is_number(type_name) and not is_float(type_name) else 0.0
