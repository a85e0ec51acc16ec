"""What an ONNX graph says of its own inputs and outputs."""

from typing import Any

import onnxruntime

from slipway_runtime.datatypes import ANY
from slipway_runtime.description import TensorSpec
from slipway_runtime.errors import LoadFailed

TYPES = {
    "tensor(bool)": "bool",
    "tensor(uint8)": "uint8",
    "tensor(uint16)": "uint16",
    "tensor(uint32)": "uint32",
    "tensor(uint64)": "uint64",
    "tensor(int8)": "int8",
    "tensor(int16)": "int16",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(float16)": "float16",
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(string)": "string",
}


def input_specs(session: onnxruntime.InferenceSession) -> tuple[TensorSpec, ...]:
    """The graph's inputs; those that have a default value are optional."""
    for node in session.get_inputs():
        if node.type not in TYPES:
            raise LoadFailed(f"input {node.name} is a {node.type}, which no request can carry")
    overridable = [n for n in session.get_overridable_initializers() if n.type in TYPES]
    return (
        *(TensorSpec(n.name, TYPES[n.type], _shape(n)) for n in session.get_inputs()),
        *(TensorSpec(n.name, TYPES[n.type], _shape(n), optional=True) for n in overridable),
    )


def output_specs(session: onnxruntime.InferenceSession) -> tuple[TensorSpec, ...]:
    return tuple(_output_spec(node) for node in session.get_outputs())


def dimension_names(session: onnxruntime.InferenceSession) -> dict[str, tuple[str | None, ...]]:
    """For each input, the names of its variable dimensions; None for the others."""
    return {
        node.name: tuple(size if isinstance(size, str) else None for size in node.shape)
        for node in session.get_inputs()
    }


def _output_spec(node: Any) -> TensorSpec:
    if node.type in TYPES:
        return TensorSpec(node.name, TYPES[node.type], _shape(node))
    if node.type.startswith("seq(map("):  # ZipMap: a probability for each class
        return TensorSpec(node.name, "float32", (-1, -1))
    return TensorSpec(node.name, ANY, (-1,))


def _shape(node: Any) -> tuple[int, ...]:
    """Named and unknown dimensions are variable."""
    return tuple(size if isinstance(size, int) else -1 for size in node.shape)
