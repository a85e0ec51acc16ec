"""The answer of an Open Inference Protocol inference."""

from typing import Any

from slipway_runtime.description import ModelDescription
from slipway_runtime.json_text import decode
from slipway_runtime.model import Model
from slipway_runtime.wire import JSON_LENGTH
from slipway_runtime.worker.binary_tensors import infer_document
from slipway_runtime.worker.predicting import Predicted, encode_predictions, inference_of
from slipway_runtime.worker.tensor_request import parse_infer_request, selected


def infer_answer(description: ModelDescription, model: Model, body: bytes) -> Predicted:
    """Throws `RequestError` and `PredictionFailed`."""
    return _answer(description, model, decode(body))


def binary_infer_answer(description: ModelDescription, model: Model, body: bytes) -> Predicted:
    """As `infer_answer`, of a body as `wire` draws it."""
    (json_bytes,) = JSON_LENGTH.unpack_from(body)
    return _answer(description, model, infer_document(body[JSON_LENGTH.size :], json_bytes))


def _answer(description: ModelDescription, model: Model, document: Any) -> Predicted:
    request = parse_infer_request(document)
    outputs, count = inference_of(model, request.inputs)
    answer: dict[str, Any] = {
        "model_name": description.model,
        "model_version": description.version,
    }
    if request.id is not None:
        answer["id"] = request.id
    answer["outputs"] = [
        {"name": t.name, "shape": t.shape, "datatype": t.datatype, "data": t.data}
        for t in selected(outputs, request.outputs)
    ]
    return Predicted(encode_predictions(answer), count)
