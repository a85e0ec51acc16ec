"""Holds instances to a declared signature, for models that do not say themselves what they want.

null is left to the model where it stands for a single value, and so is an object where text is
wanted: signatures have no type for it.
"""

import sys
from collections.abc import Sequence
from typing import Any

from slipway_runtime.datatypes import integer_range, is_float, is_number
from slipway_runtime.described import counted, described
from slipway_runtime.description import TensorSpec
from slipway_runtime.errors import RequestError, invalid_instance
from slipway_runtime.rows import ordered_rows

NUMBERS: frozenset[type] = frozenset({int, float, bool})
WANTED: dict[str, tuple[str, frozenset[type]]] = {
    "string": ("a string", frozenset({str, dict})),
    "bool": ("true or false", frozenset({bool})),
}
LARGEST_FLOAT = {
    "float16": 65504,
    "float32": 3.4028234663852886e38,
    "float64": sys.float_info.max,
}


class SignatureCheck:
    """With no inputs, everything passes."""

    def __init__(self, inputs: Sequence[TensorSpec]) -> None:
        self._inputs = inputs
        self._names = [spec.name for spec in inputs]
        self._optional = frozenset(spec.name for spec in inputs if spec.optional)

    def __call__(self, instances: list[Any]) -> None:
        """Throws `RequestError` for the first value that the signature does not allow."""
        if len(self._inputs) == 1:
            spec = self._inputs[0]
            for index, instance in enumerate(instances):
                named = isinstance(instance, dict) and list(instance) == self._names
                _check_value(instance[spec.name] if named else instance, spec, index)
        elif self._inputs:
            for index, row in enumerate(ordered_rows(instances, self._names, self._optional)):
                for spec, value in zip(self._inputs, row, strict=True):
                    _check_value(value, spec, index)


def _check_value(value: Any, spec: TensorSpec, index: int) -> None:
    inner = spec.shape[1:]
    if not inner and isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None and (not inner or spec.optional):
        return
    if inner == (1,) and not isinstance(value, list):
        inner = ()
    _check_shaped(value, inner, spec, index)


def _check_shaped(value: Any, inner: tuple[int, ...], spec: TensorSpec, index: int) -> None:
    if not inner:
        return _check_values([value], spec, index)
    if not isinstance(value, list) or inner[0] not in (-1, len(value)):
        raise _unfit("a list" if inner[0] == -1 else counted(inner[0], "value"), value, spec, index)
    if len(inner) == 1:
        return _check_values(value, spec, index)
    for item in value:
        _check_shaped(item, inner[1:], spec, index)


def _check_values(values: list[Any], spec: TensorSpec, index: int) -> None:
    """Of many at once, most of the time with no look at each: an image has 150,000."""
    types = set(map(type, values)) - {type(None)}
    if list in types:
        raise _unfit("a single value", next(v for v in values if type(v) is list), spec, index)
    if not is_number(spec.type) and spec.type not in WANTED:
        return
    wanted, fitting = WANTED.get(spec.type, ("a number", NUMBERS))
    if not types <= fitting:
        raise _unfit(wanted, next(v for v in values if type(v) not in fitting), spec, index)
    if fitting is NUMBERS:
        numbers = [value for value in values if value is not None]
        _check_range(numbers, spec, index)


def _check_range(numbers: list[Any], spec: TensorSpec, index: int) -> None:
    if is_float(spec.type):
        high = LARGEST_FLOAT[spec.type]
        low = -high
    else:
        low, high = integer_range(spec.type)
        for value in numbers:
            if type(value) is float and not value.is_integer():
                raise _unfit("a whole number", value, spec, index)
    if numbers and not (low <= min(numbers) and max(numbers) <= high):
        message = f"is out of range for {spec.type}"
        raise invalid_instance(message, instance=index, field=spec.name)


def _unfit(wanted: str, value: Any, spec: TensorSpec, index: int) -> RequestError:
    message = f"expected {wanted}, got {described(value)}"
    return invalid_instance(message, instance=index, field=spec.name)
