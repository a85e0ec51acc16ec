"""A request's rows, columns or tensors → predictions, and how they are counted afterwards."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from slipway_runtime.errors import PredictionFailed
from slipway_runtime.json_text import encode
from slipway_runtime.model import Model, TensorModel
from slipway_runtime.prediction import failure_of, predict, predict_columns
from slipway_runtime.tensor_rows import instances_of, tensors_of
from slipway_runtime.tensors import Tensor
from slipway_runtime.value_statistics import (
    MAX_FEATURES,
    MAX_INSTANCES_OF_A_REQUEST,
    ModelStatistics,
)
from slipway_runtime.value_statistics import Columns as ValueColumns
from slipway_runtime.worker.predict_request import Columns, Rows
from slipway_runtime.worker.value_columns import input_columns, output_columns

Count = Callable[[ModelStatistics], None]


@dataclass(frozen=True)
class Predicted:
    answer: bytes
    count: Count
    """Takes its time, so it is called when the answer is on its way."""


def predictions_of(model: Model, request: Rows | Columns) -> tuple[list[Any], Count]:
    """Throws `RequestError` and `PredictionFailed`."""
    if isinstance(request, Columns):
        predictions = predict_columns(model, request.by_name)
    else:
        predictions = predict(model, request.instances)

    def columns() -> tuple[ValueColumns, ValueColumns]:
        outputs = output_columns(predictions, model.outputs)
        if isinstance(request, Columns):
            return request.by_name, outputs
        return input_columns(request.instances, model.inputs), outputs

    return predictions, lambda statistics: statistics.observe(len(predictions), columns)


def inference_of(model: Model, inputs: Sequence[Tensor]) -> tuple[list[Tensor], Count]:
    """Throws `RequestError` and `PredictionFailed`."""
    if not isinstance(model, TensorModel):
        predictions, count_rows = predictions_of(model, Rows(instances_of(inputs, model.inputs)))
        try:
            return tensors_of(predictions, model.outputs), count_rows
        except (TypeError, ValueError, RecursionError) as error:
            raise PredictionFailed(f"the predictions are not JSON: {error}") from error
    try:
        outputs = list(model.infer(inputs))
    except (Exception, SystemExit) as error:
        raise failure_of(error) from error

    instances = inputs[0].shape[0] if inputs[0].shape else 1
    return outputs, lambda statistics: statistics.observe(
        instances, lambda: (_columns(inputs), _columns(outputs))
    )


def encode_predictions(content: dict[str, Any]) -> bytes:
    """Throws `PredictionFailed` for what a model returned and JSON cannot hold."""
    try:
        return encode(content)
    except (TypeError, ValueError, RecursionError) as error:
        raise PredictionFailed(f"the predictions are not JSON: {error}") from error


def _columns(tensors: Sequence[Tensor]) -> dict[str, Sequence[Any]]:
    """A vector's values by its name; of a matrix, the columns by name and position."""
    columns: dict[str, Sequence[Any]] = {}
    for tensor in tensors:
        if len(tensor.shape) < 2:
            columns[tensor.name] = tensor.data
        elif len(tensor.shape) == 2:
            width = tensor.shape[1]
            end = min(tensor.shape[0], MAX_INSTANCES_OF_A_REQUEST) * width
            for i in range(min(width, MAX_FEATURES)):
                columns[f"{tensor.name}[{i}]"] = tensor.data[i:end:width]
    return columns
