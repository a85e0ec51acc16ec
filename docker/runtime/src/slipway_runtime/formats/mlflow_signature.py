"""The signature of an MLflow model → inputs and outputs.

Source: https://mlflow.org/docs/latest/ml/model/signatures/ (columns with `DataType`s, or tensors).
"""

from typing import Any

import numpy as np

from slipway_runtime.datatypes import ANY, OPEN_INFERENCE
from slipway_runtime.description import TensorSpec
from slipway_runtime.errors import LoadFailed

TYPES = {
    "boolean": "bool",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "string": "string",
    "binary": "string",  # in Base64
    "datetime": "string",  # ISO 8601
}


def column_specs(schema: Any, alone: str) -> tuple[TensorSpec, ...]:
    """Columns without names are called by their positions, a single one `alone`."""
    columns = schema.inputs
    return tuple(
        TensorSpec(
            name=column.name or (alone if len(columns) == 1 else str(i)),
            # Arrays, objects and maps have types of their own, which are no DataType.
            type=TYPES.get(getattr(column.type, "name", ""), ANY),
            shape=(-1,),
            optional=not column.required,
        )
        for i, column in enumerate(columns)
    )


def tensor_specs(schema: Any, alone: str) -> tuple[TensorSpec, ...]:
    """Throws `LoadFailed` for a type that no request can carry."""
    tensors = schema.inputs
    return tuple(
        TensorSpec(
            name=tensor.name or (alone if len(tensors) == 1 else str(i)),
            type=_type_name(tensor),
            shape=tuple(int(size) for size in tensor.shape),
        )
        for i, tensor in enumerate(tensors)
    )


def schema_specs(schema: Any, alone: str) -> tuple[TensorSpec, ...]:
    if schema is None:
        return ()
    return tensor_specs(schema, alone) if schema.is_tensor_spec() else column_specs(schema, alone)


def _type_name(tensor: Any) -> str:
    dtype = np.dtype(tensor.type)
    if dtype.kind in "OUS":
        return "string"
    if str(dtype) not in OPEN_INFERENCE:
        raise LoadFailed(f"the signature has a tensor of {dtype}, which no request can carry")
    return str(dtype)
