"""ONNX graphs, run by onnxruntime on the CPU."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnxruntime

from slipway_runtime.description import ModelDescription
from slipway_runtime.errors import LoadFailed
from slipway_runtime.formats.arrays import Array
from slipway_runtime.formats.graph_model import GraphModel
from slipway_runtime.formats.onnx_types import dimension_names, input_specs, output_specs
from slipway_runtime.formats.refusals import refused_by_model
from slipway_runtime.library_environment import thread_limit
from slipway_runtime.loading import packaged_file
from slipway_runtime.tensors import bad_tensor


def load(description: ModelDescription, package: Path) -> GraphModel:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_limit()
    options.log_severity_level = 3
    file = packaged_file(package, description.model_file)
    try:
        session = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's own classes have no common base
        raise LoadFailed(f"cannot load {description.model_file}: {error}") from error
    names_of = dimension_names(session)

    def run(feed: Mapping[str, Array]) -> list[Any]:
        require_equal_dimensions(names_of, feed)
        try:
            outputs: list[Any] = session.run(None, feed)
        except onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument as error:
            raise refused_by_model(error, lines=1) from error
        return outputs

    return GraphModel(
        run,
        input_specs(session),
        output_specs(session),
        platform="onnx_onnxv1",
        frameworks=("onnxruntime", "numpy"),
    )


def require_equal_dimensions(
    names_of: Mapping[str, Sequence[str | None]], feed: Mapping[str, Array]
) -> None:
    """A dimension that the graph gives a name has one size, wherever it is."""
    sizes: dict[str, tuple[int, str]] = {}
    for input_name, array in feed.items():
        for name, size in zip(names_of.get(input_name, ()), array.shape, strict=False):
            known, by = sizes.setdefault(name, (size, input_name)) if name else (size, "")
            if size != known:
                raise bad_tensor(
                    f"input {input_name}: its dimension {name} is {size}, but {by} has {known}"
                )
