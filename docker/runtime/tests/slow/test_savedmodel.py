"""SavedModel folders are answered as their signature answers."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from any_json import send_any_json
from conftest import Serve
from documentation import document_of_snippet, package_by
from served_models import cases_of
from starlette.testclient import TestClient

from slipway_runtime.errors import LoadFailed

os.environ["KERAS_BACKEND"] = "tensorflow"  # what exports a SavedModel

NAME = "slow/moods-savedmodel"

ServeModule = Callable[..., TestClient]


@pytest.fixture
def serve_module(serve_document: Serve, tmp_path: Path) -> ServeModule:
    """Serves a function of tensors, saved with one signature or several."""

    def start(function: Any, *names: str, **tensors: Any) -> TestClient:
        module = tf.Module()
        module.call = tf.function(function)
        signature = module.call.get_concrete_function(**tensors)
        tf.saved_model.save(
            module, str(tmp_path / "model"), signatures=dict.fromkeys(names, signature)
        )
        return serve_document(document_of_snippet("savedmodel", "model"), tmp_path)

    return start


def test_answers_what_tensorflow_itself_answered(serve: Serve) -> None:
    client = serve(NAME)
    for case in cases_of(NAME):
        answer = client.post("/predict", json=case["request"])
        assert answer.status_code == 200, answer.text
        assert answer.json()["predictions"] == case["predictions"]


def test_inputs_and_outputs_are_the_signatures(serve: Serve) -> None:
    client = serve(NAME)
    metadata = client.get("/metadata").json()
    by_name = {spec["name"]: (spec["type"], spec["shape"]) for spec in metadata["inputs"]}
    assert by_name == {"text": ("string", [-1]), "scores": ("float32", [-1, 2])}
    assert {spec["name"]: spec["type"] for spec in metadata["outputs"]} == {
        "mood": "float32",
        "word": "string",
    }
    assert client.post("/predict", json=metadata["example"]).status_code == 200
    inputs = [
        {"name": "text", "datatype": "BYTES", "shape": [1], "data": ["ώρα"]},
        {"name": "scores", "datatype": "FP32", "shape": [1, 2], "data": [0, 0]},
    ]
    answer = client.post("/v2/models/moods-savedmodel/infer", json={"inputs": inputs}).json()
    assert {output["name"]: output["data"] for output in answer["outputs"]} == {
        "mood": [0.75],
        "word": ["σκυθρωπός"],
    }


def test_lists_are_in_the_order_of_the_names_or_of_a_signature(serve: Serve) -> None:
    answered = [{"mood": 3.25, "word": "glad"}]
    answer = serve(NAME).post("/predict", json={"instances": [[[1, 2], "a"]]})
    assert answer.json()["predictions"] == answered
    inputs = [
        {"name": "text", "type": "string", "shape": [-1]},
        {"name": "scores", "type": "float32", "shape": [-1, 2]},
    ]
    client = serve(NAME, signature={"inputs": inputs})
    answer = client.post("/predict", json={"instances": [["a", [1, 2]]]})
    assert answer.json()["predictions"] == answered


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"text": 1}, "text", "expected a string, got 1"),
        ({"scores": [1]}, "scores", "instance 0 has [2]"),
        ({"scores": [1, "2"]}, "scores", "expected a number"),
        ({"scores": [1, 1e39]}, "scores", "is out of range for float32"),
        ({"extra": 1}, "extra", "is not one of the model's inputs"),
    ],
)
def test_what_does_not_fit_is_named_and_the_next_one_served(
    serve: Serve, change: dict[str, Any], field: str, message: str
) -> None:
    client = serve(NAME)
    good = {"text": "a", "scores": [1, 2]}
    answer = client.post("/predict", json={"instances": [good, {**good, **change}]})
    assert answer.status_code == 400, answer.text
    assert (answer.json()["error"]["instance"], answer.json()["error"]["field"]) == (1, field)
    assert message in answer.json()["error"]["message"]
    assert client.post("/predict", json={"instances": [good]}).status_code == 200


def test_without_serving_default_the_only_signature_answers(serve_module: ServeModule) -> None:
    spec = tf.TensorSpec([None], tf.int64, name="x")
    client = serve_module(lambda x: {"y": x + 1}, "plus_one", x=spec)
    assert client.post("/predict", json={"instances": [1, {"x": 2}]}).json()["predictions"] == [
        2,
        3,
    ]


def test_without_serving_default_several_signatures_fail_to_load(
    serve_module: ServeModule,
) -> None:
    spec = tf.TensorSpec([None], tf.float32, name="x")
    with pytest.raises(LoadFailed, match=r"no signature serving_default \(it has one, two\)"):
        serve_module(lambda x: {"y": x}, "one", "two", x=spec)


def test_what_the_graph_refuses_is_the_callers_mistake(serve_module: ServeModule) -> None:
    spec = tf.TensorSpec(None, tf.float32, name="x")  # of any rank
    client = serve_module(lambda x: {"y": x @ tf.ones([3, 1])}, "serving_default", x=spec)
    assert client.post("/predict", json={"instances": [[1, 2, 3]]}).json()["predictions"] == [[6]]
    answer = client.post("/predict", json={"instances": [[1, 2]]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "refused_by_model")


def test_a_folder_that_is_no_model_fails_to_load(serve_document: Serve, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    for content in (None, b"not a model"):
        if content is not None:
            (tmp_path / "model" / "saved_model.pb").write_bytes(content)
        with pytest.raises(LoadFailed, match="cannot load model"):
            serve_document(document_of_snippet("savedmodel", "model"), tmp_path)


def test_what_the_documentation_saves_is_served(
    serve_document: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package_by("savedmodel", tmp_path, monkeypatch)
    client = serve_document(document_of_snippet("savedmodel", "model"), tmp_path)
    (spec,) = client.get("/metadata").json()["inputs"]
    assert (spec["name"], spec["shape"]) == ("flower", [-1, 4])
    answer = client.post("/predict", json={"instances": [[5.1, 3.5, 1.4, 0.2]]})
    assert answer.status_code == 200, answer.text


def test_no_json_of_any_shape_is_the_servers_fault(serve: Serve) -> None:
    send_any_json(serve(NAME), NAME)
