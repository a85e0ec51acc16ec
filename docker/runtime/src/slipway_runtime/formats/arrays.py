"""Nested lists as JSON has them → numpy arrays of a wanted type, nothing guessed or truncated.

The common case is one `np.array`; only what that cannot settle is looked at value by value.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from slipway_runtime.datatypes import integer_range, is_float
from slipway_runtime.described import described

Array = npt.NDArray[Any]


class BadElement(Exception):
    """`index` leads to the value at fault, the instance's own index first."""

    def __init__(self, index: tuple[int, ...], message: str) -> None:
        super().__init__(message)
        self.index = index
        self.message = message


def to_array(values: list[Any], type_name: str) -> Array:
    """An array of `type_name`, strings as objects. Throws `BadElement`.

    null is NaN for floats, and refused for every other type. A boolean is 0 or 1 among numbers;
    a number with a fraction among integers, or out of the type's range, is refused.
    """
    if type_name == "string":
        return _only((str,), "a string", _objects(values))
    if type_name == "bool":
        return _only((bool,), "true or false", _objects(values)).astype(np.bool_)
    try:
        array = np.array(values)
    except (ValueError, OverflowError):  # ragged
        array = _objects(values)
    if is_float(type_name):
        return _floats(array, values, type_name)
    return _integers(array, values, type_name)


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape that a nested list has if its first elements are like all the others."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(shape)


def _floats(array: Array, values: list[Any], type_name: str) -> Array:
    if array.dtype.kind not in "iufb":
        objects = _only((float, int, bool, type(None)), "a number", _objects(values))
        try:
            array = objects.astype(np.float64)  # None becomes NaN
        except OverflowError:
            array = _map(lambda v: v if v is None or abs(v) < 2**1023 else np.inf, objects)
    with np.errstate(over="ignore"):
        cast = array.astype(type_name)
    infinite = np.isinf(cast)  # JSON has no infinity: it was a number too large
    if infinite.any():
        raise BadElement(_first(infinite), f"is out of range for {type_name}")
    return cast


def _integers(array: Array, values: list[Any], type_name: str) -> Array:
    if array.dtype.kind not in "iub":
        # As objects: floats could not tell 2^53 from its neighbour.
        array = _only((int, float, bool), "a whole number", _objects(values))
        broken = _map(lambda v: isinstance(v, float) and not v.is_integer(), array).astype(np.bool_)
        if broken.any():
            value = array[_first(broken)]
            raise BadElement(_first(broken), f"expected a whole number, got {described(value)}")
        array = _map(int, array)
    low, high = integer_range(type_name)
    if array.size and (array.min() < low or array.max() > high):
        outside = (array < low) | (array > high)
        raise BadElement(
            _first(outside.astype(np.bool_)), f"is out of range for {type_name}, {low} to {high}"
        )
    return array.astype(type_name)


def _objects(values: list[Any]) -> Array:
    """Keeps each value as it is. Throws `BadElement` where the lists are not equally long."""
    shape = shape_of(values)
    for index, value in enumerate(values):
        if shape_of(value) != shape[1:]:
            raise BadElement(
                (index,), f"has shape {list(shape_of(value))}, instance 0 has {list(shape[1:])}"
            )
        _require_even(value, index)
    array = np.empty(shape, dtype=object)
    array[...] = values if values else None
    return array


def _require_even(value: Any, index: int) -> None:
    if isinstance(value, list) and any(isinstance(item, list) for item in value):
        if len({shape_of(item) for item in value}) > 1:
            raise BadElement((index,), "holds lists of unequal length")
        for item in value:
            _require_even(item, index)


def _only(types: tuple[type, ...], wanted: str, array: Array) -> Array:
    if not set(map(type, array.flat)) <= set(types):
        for index in np.ndindex(array.shape):
            if type(array[index]) not in types:
                raise BadElement(index, f"expected {wanted}, got {described(array[index])}")
    return array


def _map(function: Callable[[Any], Any], array: Array) -> Array:
    mapped = np.empty(array.size, dtype=object)
    mapped[:] = [function(value) for value in array.flat]
    return mapped.reshape(array.shape)


def _first(mask: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(mask)[0])
