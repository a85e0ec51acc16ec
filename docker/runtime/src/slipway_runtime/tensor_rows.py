"""Between tensors and rows, for models that know no tensors of their own."""

from collections.abc import Sequence
from typing import Any

from slipway_runtime.datatypes import open_inference_datatype
from slipway_runtime.description import TensorSpec
from slipway_runtime.json_text import decode, encode, encode_text
from slipway_runtime.rows import rows_of
from slipway_runtime.tensors import Tensor, bad_tensor, flattened, nested

INT64 = range(-(2**63), 2**63)


def instances_of(tensors: Sequence[Tensor], inputs: Sequence[TensorSpec]) -> list[Any]:
    """A tensor alone holds one instance in each row; of several, each is a column.

    A tensor alone that bears the name of one of several inputs is a column too. Throws
    `RequestError`.
    """
    for tensor in tensors:
        if not tensor.shape:
            raise bad_tensor(f"input {tensor.name}: its first dimension must be the batch")
    if len(tensors) == 1 and not (len(inputs) > 1 and tensors[0].name in {s.name for s in inputs}):
        return _rows_of_one(tensors[0], inputs)
    rows = tensors[0].shape[0]
    for tensor in tensors:
        if tensor.shape[0] != rows:
            raise bad_tensor(
                f"input {tensor.name} has {tensor.shape[0]} rows, {tensors[0].name} has {rows}"
            )
    return rows_of({tensor.name: _column(tensor) for tensor in tensors})


def _rows_of_one(tensor: Tensor, inputs: Sequence[TensorSpec]) -> list[Any]:
    if inputs and len(tensor.shape) == 1 and tensor.name not in {spec.name for spec in inputs}:
        known = ", ".join(spec.name for spec in inputs)
        raise bad_tensor(f"{tensor.name} is not one of the model's inputs, {known}")
    return nested(tensor.data, tensor.shape)


def _column(tensor: Tensor) -> list[Any]:
    if all(size == 1 for size in tensor.shape[1:]):
        return list(tensor.data)
    return nested(tensor.data, tensor.shape)


def tensors_of(predictions: list[Any], outputs: Sequence[TensorSpec]) -> list[Tensor]:
    """Predictions that are objects of the same keys become one tensor for each key.

    What no numeric type can hold becomes BYTES: text as it is, anything else as JSON text.
    """
    plain: list[Any] = decode(encode(predictions))  # numpy's scalars and NaN are gone
    if not plain and outputs:
        return [Tensor(s.name, open_inference_datatype(s.type), (0,), []) for s in outputs]
    if plain and all(isinstance(p, dict) and p.keys() == plain[0].keys() for p in plain):
        return [_tensor(name, [p[name] for p in plain]) for name in plain[0]]
    return [_tensor(outputs[0].name if len(outputs) == 1 else "prediction", plain)]


def _tensor(name: str, rows: list[Any]) -> Tensor:
    shape = _even_shape(rows)
    if shape is None:
        return Tensor(name, "BYTES", (len(rows),), [encode_text(row) for row in rows])
    flat = flattened(rows)
    types = set(map(type, flat))
    if types == {bool}:
        return Tensor(name, "BOOL", shape, flat)
    if types == {int} and min(flat) in INT64 and max(flat) in INT64:
        return Tensor(name, "INT64", shape, flat)
    if types <= {int, float, type(None)}:
        return Tensor(name, "FP64", shape, flat)
    if types == {str}:
        return Tensor(name, "BYTES", shape, flat)
    return Tensor(name, "BYTES", shape, [encode_text(item) for item in flat])


def _even_shape(value: Any) -> tuple[int, ...] | None:
    """The shape of a nested list, () for a value, None where lists differ in length or depth."""
    if not isinstance(value, list):
        return ()
    shapes = {_even_shape(item) for item in value} or {()}
    inner = shapes.pop()
    return None if shapes or inner is None else (len(value), *inner)
