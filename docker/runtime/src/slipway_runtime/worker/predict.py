"""The answer of `POST /predict`."""

from slipway_runtime.description import ModelDescription
from slipway_runtime.json_text import decode
from slipway_runtime.model import Model
from slipway_runtime.worker.predict_request import parse_predict_request
from slipway_runtime.worker.predicting import Predicted, encode_predictions, predictions_of


def predict_answer(description: ModelDescription, model: Model, body: bytes) -> Predicted:
    """Throws `RequestError` and `PredictionFailed`."""
    predictions, count = predictions_of(model, parse_predict_request(decode(body)))
    answer = {
        "predictions": predictions,
        "model": description.model,
        "version": description.version,
    }
    return Predicted(encode_predictions(answer), count)
