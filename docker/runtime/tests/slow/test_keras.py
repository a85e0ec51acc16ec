"""Keras files are answered as model.predict answers, whatever Keras computes with."""

import json
import os
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from any_json import send_any_json
from conftest import Serve
from documentation import document_of_snippet, package_by
from processes import environment, server
from served_models import cases_of, document_of, package_of
from starlette.testclient import TestClient

from slipway_runtime.errors import LoadFailed

os.environ.setdefault("KERAS_BACKEND", "jax")  # TensorFlow is here as well

import keras
import numpy as np

pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")  # Keras'

NAMES = ["slow/houses-keras", "slow/moons-keras-h5"]

ServeKeras = Callable[..., TestClient]


@pytest.fixture
def serve_keras(serve_document: Serve, tmp_path: Path) -> ServeKeras:
    def start(model: Any) -> TestClient:
        model.save(tmp_path / "model.keras")
        return serve_document(document_of_snippet("keras", "model.keras"), tmp_path)

    return start


def same(predictions: Any, expected: Any) -> bool:
    """As numpy.allclose, through objects of them."""
    if isinstance(expected, dict):
        return predictions.keys() == expected.keys() and all(
            same(predictions[name], expected[name]) for name in expected
        )
    if isinstance(expected, list) and expected and isinstance(expected[0], dict):
        return len(predictions) == len(expected) and all(map(same, predictions, expected))
    return bool(np.allclose(predictions, expected, rtol=1e-5, atol=1e-6))


@pytest.mark.parametrize("name", NAMES)
def test_answers_what_keras_itself_answered(serve: Serve, name: str) -> None:
    client = serve(name)
    for case in cases_of(name):
        answer = client.post("/predict", json=case["request"])
        assert answer.status_code == 200, answer.text
        assert same(answer.json()["predictions"], case["predictions"])


def test_on_tensorflow_the_answer_is_the_same(tmp_path: Path) -> None:
    name = "slow/houses-keras"
    variables = environment(
        tmp_path, document_of(name), package_of(name), KERAS_BACKEND="tensorflow"
    )
    with server(variables) as tensorflow:
        tensorflow.wait_for("/ready")
        with urllib.request.urlopen(tensorflow.address + "/metadata", timeout=120) as metadata:
            assert json.load(metadata)["platform"] == "keras_tensorflow"
        for case in cases_of(name):
            assert same(tensorflow.predict(case["request"]["instances"]), case["predictions"])


def test_inputs_and_outputs_are_the_files(serve: Serve) -> None:
    client = serve("slow/houses-keras")
    metadata = client.get("/metadata").json()
    assert metadata["inputs"] == [
        {"name": "rooms", "type": "float32", "shape": [-1, 3]},
        {"name": "district", "type": "int32", "shape": [-1]},
        {"name": "age", "type": "float32", "shape": [-1, 1]},
    ]
    assert metadata["outputs"] == [
        {"name": "price", "type": "float32", "shape": [-1, 1]},
        {"name": "kind", "type": "float32", "shape": [-1, 2]},
    ]
    assert metadata["platform"] == "keras_jax"
    assert metadata["runtime"]["frameworks"].keys() >= {"keras", "jax"}
    for path in ("/predict", "/invocations"):
        assert client.post(path, json=metadata["example"]).status_code == 200
    inputs = [
        {"name": "age", "datatype": "FP32", "shape": [2, 1], "data": [30, 0.5]},
        {"name": "rooms", "datatype": "FP32", "shape": [2, 3], "data": [3, 1, 1, 5, 2, 2.5]},
        {"name": "district", "datatype": "INT32", "shape": [2], "data": [2, 0]},
    ]
    answer = client.post("/v2/models/houses-keras/infer", json={"inputs": inputs}).json()
    expected = cases_of("slow/houses-keras")[1]["predictions"][:2]
    assert [output["name"] for output in answer["outputs"]] == ["price", "kind"]
    assert same(answer["outputs"][0]["data"], [row["price"][0] for row in expected])


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"rooms": [1, 2]}, "rooms", "instance 0 has [3]"),
        ({"rooms": "many"}, "rooms", "has shape []"),
        ({"district": 1.5}, "district", "expected a whole number, got 1.5"),
        ({"district": None}, "district", "expected a whole number, got null"),
        ({"district": 2**31}, "district", "is out of range for int32"),
        ({"age": 1e39}, "age", "is out of range for float32"),
        ({"age": {}}, "age", "expected a number, got an object"),
        ({"pool": True}, "pool", "is not one of the model's inputs"),
    ],
)
def test_what_does_not_fit_is_named_and_the_next_one_served(
    serve: Serve, change: dict[str, Any], field: str, message: str
) -> None:
    client = serve("slow/houses-keras")
    good = cases_of("slow/houses-keras")[0]["request"]["instances"][0]
    answer = client.post("/predict", json={"instances": [good, {**good, **change}]})
    assert answer.status_code == 400, answer.text
    assert (answer.json()["error"]["instance"], answer.json()["error"]["field"]) == (1, field)
    assert message in answer.json()["error"]["message"]
    assert client.post("/predict", json={"instances": [good]}).status_code == 200


def test_batches_of_every_size_have_the_same_answers(serve_keras: ServeKeras) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    client = serve_keras(model)
    rows = np.random.default_rng(7).normal(size=(2500, 2)).round(3)
    expected = model.predict(rows, verbose=0)
    for size in (1, 3, 8, 1024, 1025, 2500):
        answer = client.post("/predict", json={"instances": rows[:size].tolist()})
        assert same(answer.json()["predictions"], expected[:size].tolist())


def test_tensors_of_unequal_length_are_refused(serve: Serve) -> None:
    client = serve("slow/houses-keras")
    inputs = [
        {"name": "age", "datatype": "FP32", "shape": [1, 1], "data": [30]},
        {"name": "rooms", "datatype": "FP32", "shape": [2, 3], "data": [0] * 6},
        {"name": "district", "datatype": "INT32", "shape": [2], "data": [2, 0]},
    ]
    answer = client.post("/v2/models/houses-keras/infer", json={"inputs": inputs})
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "the inputs have unequal numbers of rows",
    )


def test_no_rows_have_no_predictions(serve: Serve) -> None:
    client = serve("slow/moons-keras-h5")
    tensor = {"name": "point", "datatype": "FP32", "shape": [0, 2], "data": []}
    answer = client.post("/v2/models/moons-keras-h5/infer", json={"inputs": [tensor]})
    assert answer.json()["outputs"][0]["shape"] == [0, 1]
    assert client.post("/predict", json={"instances": []}).json()["predictions"] == []


def test_inputs_by_name_in_the_model_itself_are_served_too(serve_keras: ServeKeras) -> None:
    left, right = keras.Input((1,), name="left"), keras.Input((1,), name="right")
    difference = keras.layers.Subtract()([left, right])
    model = keras.Model({"right": right, "left": left}, {"by": difference})
    answer = serve_keras(model).post("/predict", json={"instances": [{"left": 5, "right": 3}]})
    assert answer.json()["predictions"] == [[2]]


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x89HDF\r\n\x1a\n"])
@pytest.mark.parametrize("file", ["model.keras", "model.h5"])
def test_a_file_that_is_no_model_fails_to_load(
    serve_document: Serve, tmp_path: Path, file: str, content: bytes
) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(LoadFailed, match=rf"cannot load {file}"):
        serve_document(document_of_snippet("keras", file), tmp_path)


def test_what_the_documentation_saves_is_served(
    serve_document: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package_by("keras", tmp_path, monkeypatch)
    client = serve_document(document_of_snippet("keras", "model/model.keras"), tmp_path)
    answer = client.post("/predict", json={"instances": [{"flower": [5.1, 3.5, 1.4, 0.2]}]})
    assert answer.status_code == 200, answer.text


def test_no_json_of_any_shape_is_the_servers_fault(serve: Serve) -> None:
    send_any_json(serve("slow/houses-keras"), "slow/houses-keras")
