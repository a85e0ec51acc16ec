"""The models of test/models answer over HTTP what their frameworks answered."""

from typing import Any

import pytest
from conftest import Serve
from served_models import IRIS_COLUMNS, SERVED, cases_of


@pytest.mark.parametrize("name", SERVED)
def test_answers_what_the_framework_itself_answered(serve: Serve, name: str) -> None:
    client = serve(name)
    for case in cases_of(name):
        answer = client.post("/predict", json=case["request"])
        assert answer.status_code == 200, answer.text
        assert answer.json() == {
            "predictions": case["predictions"],
            "model": name,
            "version": "1.0.0",
        }


@pytest.mark.parametrize(
    ("name", "inputs", "predictions"),
    [
        ("iris", dict(zip(IRIS_COLUMNS, ([6, 5], [3, 3], [5, 1], [2, 0]), strict=True)), [2, 0]),
        ("sentiment", {"text": ["the food was wonderful", "awful"]}, ["positive", "negative"]),
        ("digits-onnx", {"X": [[0] * 64]}, [4]),
        (
            "titanic",
            {"sex": ["female"], "pclass": [1], "age": [None], "fare": [80], "embarked": [None]},
            [1],
        ),
    ],
)  # fmt: skip
def test_takes_columns_as_well_as_instances(
    serve: Serve, name: str, inputs: dict[str, Any], predictions: list[Any]
) -> None:
    answer = serve(name).post("/predict", json={"inputs": inputs})
    assert answer.json()["predictions"] == predictions


def test_takes_the_tensors_of_an_onnx_graph_by_their_names(serve: Serve) -> None:
    client = serve("scorer-onnx")
    case = cases_of("scorer-onnx")[1]
    instances = case["request"]["instances"]
    inputs = {name: [instance[name] for instance in instances] for name in instances[0]}
    answer = client.post("/predict", json={"inputs": inputs})
    assert answer.json()["predictions"] == case["predictions"]


@pytest.mark.parametrize("name", ["iris", "custom", "scorer-onnx"])
def test_no_instances_have_no_predictions(serve: Serve, name: str) -> None:
    answer = serve(name).post("/predict", json={"instances": []})
    assert (answer.status_code, answer.json()["predictions"]) == (200, [])


def test_a_request_without_content_type_is_taken_for_json(serve: Serve) -> None:
    answer = serve("custom").post("/predict", content=b'{"instances": ["the dog and the cat"]}')
    assert answer.json()["predictions"] == ["en"]
