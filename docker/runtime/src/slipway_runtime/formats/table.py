"""Instances → rows and columns of plain values: what every model over a table starts from."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from slipway_runtime.datatypes import ANY, is_number
from slipway_runtime.described import counted, described
from slipway_runtime.description import TensorSpec
from slipway_runtime.errors import invalid_instance
from slipway_runtime.formats.arrays import Array, BadElement, to_array
from slipway_runtime.rows import ordered_rows


@dataclass(frozen=True)
class InputReader:
    inputs: tuple[TensorSpec, ...]
    read: Callable[[list[Any]], Any]
    """Throws `RequestError` for an instance that does not fit `inputs`."""


def quick_matrix(instances: list[Any], width: int | None) -> Array | None:
    """The common case, lists of numbers, in one step; None leaves it to the careful way."""
    try:
        matrix = np.array(instances)
    except (ValueError, OverflowError):
        return None
    if matrix.ndim != 2 or matrix.dtype.kind not in "iufb" or matrix.shape[1] != width:
        return None
    matrix = matrix.astype(np.float64, copy=False)
    return matrix if np.isfinite(matrix).all() else None


def named_rows(instances: list[Any], specs: Sequence[TensorSpec]) -> list[list[Any]]:
    optional = frozenset(spec.name for spec in specs if spec.optional)
    return ordered_rows(instances, [spec.name for spec in specs], optional)


def unnamed_rows(instances: list[Any], name: str, width: int | None) -> list[list[Any]]:
    """Rows of a matrix that is one input, called `name`."""
    return [_unnamed_row(instance, name, width, i) for i, instance in enumerate(instances)]


def _unnamed_row(instance: Any, name: str, width: int | None, index: int) -> list[Any]:
    if isinstance(instance, dict) and list(instance) == [name]:
        instance = instance[name]
    if width == 1 and not isinstance(instance, list | dict):
        return [instance]
    wanted = f"a list of {counted(width, 'value')}" if width else "a list"
    if not isinstance(instance, list):
        raise invalid_instance(f"expected {wanted}, got {described(instance)}", instance=index)
    if width not in (None, len(instance)):
        raise invalid_instance(f"expected {wanted}, got {len(instance)}", instance=index)
    return instance


def column_of(values: list[Any], type_name: str, name: str | int) -> Array:
    """Floats for a numeric column; else objects, where NaN is what is missing."""
    for index, value in enumerate(values):
        wrong = isinstance(value, list | dict) or (
            type_name == "string" and not isinstance(value, str | None)
        )
        if wrong:
            wanted = "a string" if type_name == "string" else "a single value"
            raise invalid_instance(
                f"expected {wanted}, got {described(value)}", instance=index, field=name
            )
    of_numbers = is_number(type_name) or type_name == "bool"
    if of_numbers or (type_name == ANY and not any(isinstance(value, str) for value in values)):
        try:
            return to_array(values, "float64")
        except BadElement as error:
            raise invalid_instance(error.message, instance=error.index[0], field=name) from None
    column = np.empty(len(values), dtype=object)
    column[:] = [math.nan if value is None else value for value in values]
    return column
