"""Tensors of the Open Inference Protocol, in plain Python.

A model need not bring numpy, so neither does this. `data` is flat and row-major here, whichever of
the two ways the wire had it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slipway_runtime.datatypes import BY_OPEN_INFERENCE, integer_range
from slipway_runtime.described import described
from slipway_runtime.errors import RequestError

LARGEST_FLOAT = {"FP16": 65504.0, "FP32": 3.4028234663852886e38, "FP64": math.inf}


@dataclass(frozen=True)
class Tensor:
    name: str
    datatype: str
    shape: tuple[int, ...]
    data: Sequence[Any]


def bad_tensor(message: str) -> RequestError:
    return RequestError("invalid_tensor", message)


def tensor_of(document: Any) -> Tensor:
    """One entry of a request's `inputs`. Throws `RequestError`."""
    if not isinstance(document, dict) or not isinstance(document.get("name"), str):
        raise bad_tensor("each input must be an object with name, shape, datatype and data")
    name = document["name"]
    shape, datatype, data = (document.get(key) for key in ("shape", "datatype", "data"))
    if not isinstance(datatype, str) or datatype not in BY_OPEN_INFERENCE:
        known = ", ".join(BY_OPEN_INFERENCE)
        raise bad_tensor(
            f"input {name}: datatype must be one of {known}, not {described(datatype)}"
        )
    if not isinstance(shape, list) or not all(type(d) is int and d >= 0 for d in shape):
        raise bad_tensor(f"input {name}: shape must be a list of sizes, not {described(shape)}")
    if not isinstance(data, list):
        raise bad_tensor(f"input {name}: data must be a list, not {described(data)}")
    flat = flattened(data)
    if len(flat) != math.prod(shape):
        raise bad_tensor(
            f"input {name}: shape {shape} needs {math.prod(shape)} values, got {len(flat)}"
        )
    try:
        _check_values(flat, datatype)
    except ValueError as error:
        raise bad_tensor(f"input {name}: {error}") from None
    return Tensor(name, datatype, tuple(shape), flat)


def flattened(data: list[Any]) -> list[Any]:
    while data and isinstance(data[0], list):
        data = [item for part in data for item in (part if isinstance(part, list) else [part])]
    return data


def nested(flat: Sequence[Any], shape: Sequence[int]) -> list[Any]:
    """The inverse of `flattened`. `shape` has at least one dimension."""
    if 0 in shape[1:]:
        return [[] for _ in range(shape[0])]
    values = list(flat)
    for size in reversed(shape[1:]):
        values = [values[i : i + size] for i in range(0, len(values), size)]
    return values


def _check_values(flat: list[Any], datatype: str) -> None:
    """Throws `ValueError`. null stands for NaN among floats."""
    types = set(map(type, flat))
    if datatype == "BOOL":
        _require(types <= {bool}, flat, (bool,), "true or false")
    elif datatype == "BYTES":
        _require(types <= {str}, flat, (str,), "a string")
    elif datatype in LARGEST_FLOAT:
        _require(types <= {int, float, type(None)}, flat, (int, float, type(None)), "a number")
        largest = LARGEST_FLOAT[datatype]
        for value in flat:
            if value is not None and not -largest <= value <= largest:
                raise ValueError(f"{described(value)} is out of range for {datatype}")
    else:
        _require(types <= {int}, flat, (int,), "a whole number")
        low, high = integer_range(BY_OPEN_INFERENCE[datatype])
        if flat and (min(flat) < low or max(flat) > high):
            raise ValueError(f"a value is out of range for {datatype}: {low} to {high}")


def _require(fits: bool, flat: list[Any], types: tuple[type, ...], wanted: str) -> None:
    if not fits:
        wrong = next(value for value in flat if type(value) not in types)
        raise ValueError(f"expected {wanted}, got {described(wrong)}")
