"""ONNX graphs, run by onnxruntime on the CPU."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnxruntime

from slipway_runtime.datatypes import BY_OPEN_INFERENCE, open_inference_datatype
from slipway_runtime.described import counted, described
from slipway_runtime.description import ModelDescription, TensorSpec
from slipway_runtime.errors import LoadFailed, RequestError, invalid_instance
from slipway_runtime.formats.arrays import Array, BadElement, to_array
from slipway_runtime.formats.onnx_outputs import output_tensors, rows_of_outputs
from slipway_runtime.formats.onnx_types import dimension_names, input_specs, output_specs
from slipway_runtime.library_environment import thread_limit
from slipway_runtime.loading import packaged_file
from slipway_runtime.rows import check_names, ordered_rows
from slipway_runtime.tensors import Tensor, bad_tensor


class OnnxModel:
    platform = "onnx_onnxv1"
    thread_safe = True  # InferenceSession.run is documented to be
    frameworks = ("onnxruntime", "numpy")

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self.inputs = input_specs(session)
        self.outputs = output_specs(session)
        self._dimension_names = dimension_names(session)
        self._by_name = {spec.name: spec for spec in self.inputs}
        self._required = [spec for spec in self.inputs if not spec.optional]
        # A graph exported for a batch of one, or for no batch at all, gets one instance at a time.
        self._one_at_a_time = any(not s.shape or s.shape[0] == 1 for s in self._required)

    def predict(self, instances: list[Any]) -> list[Any]:
        return self.predict_columns(self._columns(instances))

    def predict_columns(self, columns: Mapping[str, list[Any]]) -> list[Any]:
        check_names(
            columns,
            list(self._by_name),
            frozenset(spec.name for spec in self.inputs if spec.optional),
        )
        feed = {name: _batch(values, self._by_name[name]) for name, values in columns.items()}
        count = len(next(iter(columns.values())))
        names = [spec.name for spec in self.outputs]
        if not self._one_at_a_time:
            return rows_of_outputs(names, self._run(feed), count)
        rows = []
        for index in range(count):
            single = {
                name: values[index : index + 1] if self._by_name[name].shape else values[index, ...]
                for name, values in feed.items()
            }
            rows += rows_of_outputs(names, self._run(single), 1)
        return rows

    def infer(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        feed = {tensor.name: self._array_of(tensor) for tensor in tensors}
        for spec in self._required:
            if spec.name not in feed:
                raise bad_tensor(f"input {spec.name} is missing")
        return output_tensors([spec.name for spec in self.outputs], self._run(feed))

    def _columns(self, instances: list[Any]) -> dict[str, list[Any]]:
        names = list(self._by_name)
        if len(names) == 1:
            return {names[0]: [_unwrapped(v, names[0], i) for i, v in enumerate(instances)]}
        optional = frozenset(s.name for s in self.inputs if s.optional)
        rows = ordered_rows(instances, names, optional)
        columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
        return {
            name: values
            for name, values in columns.items()
            if name not in optional or any(value is not None for value in values)
        }

    def _array_of(self, tensor: Tensor) -> Array:
        spec = self._by_name.get(tensor.name)
        if spec is None:
            raise bad_tensor(
                f"{tensor.name} is not one of the model's inputs, {', '.join(self._by_name)}"
            )
        wanted = open_inference_datatype(spec.type)
        if tensor.datatype != wanted:
            raise bad_tensor(f"input {spec.name}: expected {wanted}, got {tensor.datatype}")
        if not _fits(tensor.shape, spec.shape):
            raise bad_tensor(
                f"input {spec.name}: expected shape {list(spec.shape)}, got {list(tensor.shape)}"
            )
        return to_array(list(tensor.data), BY_OPEN_INFERENCE[wanted]).reshape(tensor.shape)

    def _run(self, feed: Mapping[str, Array]) -> list[Any]:
        require_equal_dimensions(self._dimension_names, feed)
        try:
            outputs: list[Any] = self._session.run(None, feed)
        except onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument as error:
            raise RequestError("refused_by_model", str(error).split("\n")[0]) from error
        return outputs


def load(description: ModelDescription, package: Path) -> OnnxModel:
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
    return OnnxModel(session)


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


def _unwrapped(instance: Any, name: str, index: int) -> Any:
    if isinstance(instance, dict):
        check_names(instance, [name], index=index)
        return instance[name]
    return instance


def _batch(values: list[Any], spec: TensorSpec) -> Array:
    """One value for each instance → the array that the graph's input takes."""
    try:
        array = to_array(values, spec.type)
    except BadElement as error:
        raise invalid_instance(error.message, instance=error.index[0], field=spec.name) from None
    inner = spec.shape[1:]
    if array.ndim == 1 and inner and all(size in (1, -1) for size in inner):
        array = array.reshape(-1, *(1 for _ in inner))  # [batch, 1] also takes plain values
    if array.ndim == 2 and array.shape[1] == 1 and not inner:
        array = array.reshape(-1)
    if not _fits(array.shape[1:], inner):
        raise invalid_instance(
            f"expected shape {[-1, *inner]}, got {list(array.shape)}", field=spec.name
        )
    if spec.shape and spec.shape[0] not in (-1, 1, len(array)):
        raise invalid_instance(
            f"the graph takes exactly {counted(spec.shape[0], 'instance')}, "
            f"got {described(len(array))}",
            field=spec.name,
        )
    return array


def _fits(shape: Sequence[int], wanted: Sequence[int]) -> bool:
    return len(shape) == len(wanted) and all(
        w in (-1, size) for size, w in zip(shape, wanted, strict=True)
    )
