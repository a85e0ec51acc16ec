"""Holds instances to a declared signature, for models that do not say themselves what they want.

Only types that JSON can tell apart are checked, and only in columns and scalars: what is nested
deeper, and null, is left to the model.
"""

from collections.abc import Sequence
from typing import Any

from slipway_runtime.datatypes import is_number
from slipway_runtime.described import counted, described
from slipway_runtime.description import TensorSpec
from slipway_runtime.errors import invalid_instance
from slipway_runtime.rows import ordered_rows


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
    if value is None or (isinstance(value, dict) and not is_number(spec.type)):
        return
    if isinstance(value, list):
        if not inner or inner[0] not in (-1, len(value)):
            wanted = counted(inner[0], "value") if inner else "a single value"
            raise invalid_instance(
                f"expected {wanted}, got {described(value)}", instance=index, field=spec.name
            )
        if len(inner) == 1:
            for item in value:
                _check_scalar(item, spec, index)
    else:
        _check_scalar(value, spec, index)


def _check_scalar(value: Any, spec: TensorSpec, index: int) -> None:
    if value is None:
        return
    if spec.type == "string":
        fits, wanted = isinstance(value, str), "a string"
    elif spec.type == "bool":
        fits, wanted = isinstance(value, bool), "true or false"
    elif is_number(spec.type):
        fits, wanted = isinstance(value, int | float), "a number"
    else:
        return
    if not fits:
        raise invalid_instance(
            f"expected {wanted}, got {described(value)}", instance=index, field=spec.name
        )
