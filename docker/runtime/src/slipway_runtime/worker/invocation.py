"""The answer of MLflow's `POST /invocations`. Its body has one of

{"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], …]}}
{"dataframe_records": [{"a": 1, "b": 2}, …]}
{"instances": […]}
{"inputs": […] or {name: column}}
"""

from typing import Any

from slipway_runtime.described import described
from slipway_runtime.description import ModelDescription
from slipway_runtime.json_text import decode
from slipway_runtime.model import Model
from slipway_runtime.worker.predict_request import Columns, Rows, bad_request, columns_of
from slipway_runtime.worker.predicting import Predicted, encode_predictions, predictions_of

KINDS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def invocation_answer(description: ModelDescription, model: Model, body: bytes) -> Predicted:
    """Throws `RequestError` and `PredictionFailed`."""
    predictions, count = predictions_of(model, parse_invocation(decode(body)))
    return Predicted(encode_predictions({"predictions": predictions}), count)


def parse_invocation(document: Any) -> Rows | Columns:
    """Throws `RequestError`. `params` is refused unless empty: no format takes any."""
    if not isinstance(document, dict):
        raise bad_request(f"the body must be an object, not {described(document)}")
    if document.get("params"):
        raise bad_request("the model takes no params", field="params")
    kinds = [key for key in document if key != "params"]
    if len(kinds) != 1 or kinds[0] not in KINDS:
        raise bad_request(f"the body must have exactly one of {', '.join(KINDS)}")
    kind, value = kinds[0], document[kinds[0]]
    if kind == "inputs" and isinstance(value, dict):
        return columns_of(value)
    if kind == "dataframe_split":
        return Rows(_split(value))
    if not isinstance(value, list):
        raise bad_request(f"expected a list, got {described(value)}", field=kind)
    return Rows(value)


def _split(table: Any) -> list[Any]:
    columns, data = (
        (table.get("columns"), table.get("data")) if isinstance(table, dict) else (None, None)
    )
    if not isinstance(columns, list) or not isinstance(data, list):
        raise bad_request("must have columns and data, both lists", field="dataframe_split")
    for index, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(columns):
            raise bad_request(
                f"row {index} has not one value for each of {len(columns)} columns",
                field="dataframe_split",
            )
    if not all(isinstance(column, str) for column in columns):
        return data  # a table without names numbers its columns
    return [dict(zip(columns, row, strict=True)) for row in data]
