"""Predictions, counted in the metrics as they pass."""

from collections.abc import Mapping, Sequence
from typing import Any

from slipway_runtime.errors import PredictionFailed
from slipway_runtime.model import Model, TensorModel
from slipway_runtime.prediction import failure_of, predict, predict_columns
from slipway_runtime.server.metrics import Metrics
from slipway_runtime.server.predict_request import Columns, Rows
from slipway_runtime.server.value_columns import input_columns, output_columns
from slipway_runtime.server.value_statistics import MAX_FEATURES, MAX_INSTANCES_OF_A_REQUEST
from slipway_runtime.tensor_rows import instances_of, tensors_of
from slipway_runtime.tensors import Tensor


def counted_predictions(model: Model, request: Rows | Columns, metrics: Metrics) -> list[Any]:
    """Throws `RequestError` and `PredictionFailed`."""
    if isinstance(request, Columns):
        predictions = predict_columns(model, request.by_name)
        inputs: Mapping[str, Sequence[Any]] = request.by_name
    else:
        predictions = predict(model, request.instances)
        inputs = input_columns(request.instances, model.inputs)
    metrics.observe(len(predictions), inputs, output_columns(predictions, model.outputs))
    return predictions


def counted_inference(model: Model, inputs: Sequence[Tensor], metrics: Metrics) -> list[Tensor]:
    """Throws `RequestError` and `PredictionFailed`."""
    if not isinstance(model, TensorModel):
        request = Rows(instances_of(inputs, model.inputs))
        predictions = counted_predictions(model, request, metrics)
        try:
            return tensors_of(predictions, model.outputs)
        except (TypeError, ValueError, RecursionError) as error:
            raise PredictionFailed(f"the predictions are not JSON: {error}") from error
    try:
        outputs = list(model.infer(inputs))
    except (Exception, SystemExit) as error:
        raise failure_of(error) from error
    metrics.observe(
        inputs[0].shape[0] if inputs[0].shape else 1, _columns(inputs), _columns(outputs)
    )
    return outputs


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
