"""A model whose inputs and outputs are named arrays: ONNX, SavedModel, Keras, TorchScript.

What runs it is one function from arrays by input name to arrays in the order of the outputs; this
is all that stands between it and a request.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slipway_runtime.datatypes import BY_OPEN_INFERENCE, open_inference_datatype
from slipway_runtime.described import counted, described
from slipway_runtime.description import TensorSpec
from slipway_runtime.errors import invalid_instance
from slipway_runtime.formats.arrays import Array, BadElement, to_array
from slipway_runtime.formats.graph_outputs import output_tensors, rows_of_outputs
from slipway_runtime.rows import check_names, ordered_rows
from slipway_runtime.tensors import Tensor, bad_tensor

Outputs = Mapping[str, Any] | Sequence[Any]
Run = Callable[[Mapping[str, Array]], Outputs]
"""Answers by name, or in the order of the outputs. Throws `RequestError` for arrays that the
framework refuses."""


class GraphModel:
    def __init__(
        self,
        run: Run,
        inputs: Sequence[TensorSpec],
        outputs: Sequence[TensorSpec],
        *,
        platform: str,
        frameworks: Sequence[str],
        of_any_shape: frozenset[str] = frozenset(),
    ) -> None:
        """`of_any_shape` names the inputs of which nobody says how many dimensions they have."""
        self.platform = platform
        self.frameworks = frameworks
        self.inputs = inputs
        self.outputs = outputs
        self.example: Any = None
        self._run = run
        self._of_any_shape = of_any_shape
        self._by_name = {spec.name: spec for spec in inputs}
        self._required = [spec for spec in inputs if not spec.optional]
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
        feed = {name: self._batch(values, self._by_name[name]) for name, values in columns.items()}
        count = len(next(iter(columns.values())))
        if not self._one_at_a_time:
            return self._rows(feed, count)
        rows = []
        for index in range(count):
            single = {
                name: values[index : index + 1] if self._by_name[name].shape else values[index, ...]
                for name, values in feed.items()
            }
            rows += self._rows(single, 1)
        return rows

    def infer(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        feed = {tensor.name: self._array_of(tensor) for tensor in tensors}
        for spec in self._required:
            if spec.name not in feed:
                raise bad_tensor(f"input {spec.name} is missing")
        return output_tensors(*self._named(self._run(feed)))

    def _rows(self, feed: Mapping[str, Array], count: int) -> list[Any]:
        return rows_of_outputs(*self._named(self._run(feed)), count)

    def _named(self, outputs: Outputs) -> tuple[list[str], list[Any]]:
        if isinstance(outputs, Mapping):
            return list(outputs), list(outputs.values())
        if len(self.outputs) == len(outputs):
            return [spec.name for spec in self.outputs], list(outputs)
        if len(outputs) == 1:
            return ["output"], list(outputs)
        return [f"output_{i}" for i in range(len(outputs))], list(outputs)

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
        if spec.name not in self._of_any_shape and not _fits(tensor.shape, spec.shape):
            raise bad_tensor(
                f"input {spec.name}: expected shape {list(spec.shape)}, got {list(tensor.shape)}"
            )
        return to_array(list(tensor.data), BY_OPEN_INFERENCE[wanted]).reshape(tensor.shape)

    def _batch(self, values: list[Any], spec: TensorSpec) -> Array:
        """One value for each instance → the array that the graph's input takes."""
        try:
            array = to_array(values, spec.type)
        except BadElement as error:
            raise invalid_instance(
                error.message, instance=error.index[0], field=spec.name
            ) from None
        if spec.name in self._of_any_shape:
            return array
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


def _unwrapped(instance: Any, name: str, index: int) -> Any:
    if isinstance(instance, dict):
        check_names(instance, [name], index=index)
        return instance[name]
    return instance


def _fits(shape: Sequence[int], wanted: Sequence[int]) -> bool:
    return len(shape) == len(wanted) and all(
        w in (-1, size) for size, w in zip(shape, wanted, strict=True)
    )
