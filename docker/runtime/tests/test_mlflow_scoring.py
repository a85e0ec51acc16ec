"""Clients of `mlflow models serve` find what they know."""

from typing import Any

import pytest
from conftest import Serve

ROW = {"pclass": 1, "sex": "female", "age": 29, "fare": 211.34, "embarked": "S"}


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": list(ROW), "data": [list(ROW.values())]}},
        {"dataframe_split": {"columns": [0, 1, 2, 3, 4], "data": [list(ROW.values())]}},
        {"dataframe_records": [ROW]},
        {"instances": [ROW], "params": {}},
        {"inputs": {name: [value] for name, value in ROW.items()}},
        {"inputs": [list(ROW.values())]},
    ],
)
def test_every_kind_of_body_is_understood(serve: Serve, body: dict[str, Any]) -> None:
    answer = serve("titanic").post("/invocations", json=body)
    assert (answer.status_code, answer.json()) == (200, {"predictions": [1]})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "the body must be an object"),
        ({}, "exactly one of dataframe_split"),
        ({"instances": [], "inputs": []}, "exactly one of"),
        ({"instances": 1}, "instances: expected a list, got 1"),
        ({"instances": [ROW], "params": {"a": 1}}, "takes no params"),
        ({"dataframe_split": {"columns": ["a"]}}, "must have columns and data"),
        ({"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}}, "row 0 has not one value"),
        ({"dataframe_records": [{"sex": "male"}]}, "pclass: is missing"),
    ],
)
def test_a_bad_body_is_refused_in_mlflows_words(serve: Serve, body: Any, message: str) -> None:
    answer = serve("titanic").post("/invocations", json=body)
    assert answer.status_code == 400
    assert answer.json()["error_code"] == "BAD_REQUEST"
    assert message in answer.json()["message"]


def test_ping_and_version_answer(serve: Serve) -> None:
    client = serve("custom")
    assert client.get("/ping").status_code == 200
    assert client.get("/version").text == "0.1.0"
