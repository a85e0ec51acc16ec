"""What a graph returns → predictions, or tensors of the Open Inference Protocol.

An output is an array or, from onnxruntime, a list: of one map from class to probability for each
instance (ZipMap), or of arrays (a sequence).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from slipway_runtime.datatypes import open_inference_datatype
from slipway_runtime.tensors import Tensor


def rows_of_outputs(names: Sequence[str], outputs: Sequence[Any], count: int) -> list[Any]:
    """The one output's rows; with several outputs, an object by their names for each instance.

    Throws `ValueError` for an output that has not one row for each instance.
    """
    columns = [_rows(name, output, count) for name, output in zip(names, outputs, strict=True)]
    if len(columns) == 1:
        return columns[0]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _rows(name: str, output: Any, count: int) -> list[Any]:
    shape = output.shape if isinstance(output, np.ndarray) else (len(output),)
    if shape == () and count == 1:
        return [output.item()]  # from a graph that knows no batch
    if shape[:1] != (count,):
        raise ValueError(
            f"output {name} has shape {list(shape)}: not one row for each of {count} instances; "
            "the Open Inference Protocol's endpoint returns it as it is"
        )
    return output.tolist() if isinstance(output, np.ndarray) else list(output)


def output_tensors(names: Sequence[str], outputs: Sequence[Any]) -> list[Tensor]:
    return [_tensor(name, output) for name, output in zip(names, outputs, strict=True)]


def _tensor(name: str, output: Any) -> Tensor:
    if isinstance(output, list) and output and isinstance(output[0], dict):
        maps = [list(by_class.values()) for by_class in output]
        output = np.array(maps, dtype=np.float32)  # the one type that ZipMap has
    array = np.asarray(output)
    type_name = "string" if array.dtype.kind in "OU" else str(array.dtype)
    return Tensor(name, open_inference_datatype(type_name), array.shape, array.reshape(-1).tolist())
