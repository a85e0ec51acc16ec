"""An MLflow folder answers as mlflow.pyfunc does, and is asked for what its signature says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from conftest import Serve
from mlflow.models import ModelSignature, infer_signature
from mlflow.pyfunc import PythonModel
from mlflow.types import ColSpec, DataType, Schema
from mlflow.types.schema import Array as ArrayType
from sklearn.linear_model import LinearRegression
from starlette.testclient import TestClient

from slipway_runtime.errors import LoadFailed

ServePythonModel = Callable[..., TestClient]

# MLflow has a good deal to say when it saves a model.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


class ByFunction(PythonModel):  # type: ignore[misc]
    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return self.function(model_input)


class Shouting(PythonModel):  # type: ignore[misc]
    def predict(self, model_input: list[str]) -> list[str]:
        return [text.upper() for text in model_input]


@pytest.fixture
def serve_python_model(serve_document: Serve, tmp_path: Path) -> ServePythonModel:
    def start(model: Any, **saved: Any) -> TestClient:
        mlflow.pyfunc.save_model(
            tmp_path / "saved", python_model=model, pip_requirements=[], **saved
        )
        return serve_document(document_of_folder(), tmp_path)

    return start


def document_of_folder(**more: Any) -> dict[str, Any]:
    return {"model": "m", "version": "1.0.0", "contentDigest": ""} | {
        "format": "mlflow",
        "modelFile": "saved",
        **more,
    }


def answered(client: TestClient, path: str = "/predict", **body: Any) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code in (200, 400), answer.text
    return answer.json()["predictions"] if answer.is_success else answer.json()["error"]


def test_the_signature_of_columns_is_what_is_shown_and_asked_for(serve: Serve) -> None:
    client = serve("wine-mlflow")
    metadata = client.get("/metadata").json()
    assert metadata["inputs"] == [
        {"name": "acidity", "type": "float64", "shape": [-1]},
        {"name": "alcohol", "type": "float64", "shape": [-1]},
        {"name": "organic", "type": "bool", "shape": [-1]},
    ]
    assert metadata["outputs"] == [{"name": "prediction", "type": "string", "shape": [-1]}]
    assert metadata["example"]["instances"][0].keys() == {"acidity", "alcohol", "organic"}
    assert {"mlflow-skinny", "scikit-learn"} <= metadata["runtime"]["frameworks"].keys()
    assert client.get("/v2/models/wine-mlflow").json()["platform"] == "mlflow_pyfunc"
    for row, field, message in (
        ({"acidity": 6, "alcohol": 12}, "organic", "is missing"),
        ({"acidity": 6, "alcohol": 12, "organic": 1}, "organic", "expected true or false, got 1"),
        ({"acidity": 6, "alcohol": "12", "organic": True}, "alcohol", "expected a number"),
        ({"acidity": 6, "alcohol": [12], "organic": True}, "alcohol", "expected a single value"),
        ({"acidity": 6, "alcohol": 12, "organic": True, "x": 1}, "x", "is not one of the model"),
    ):
        error = answered(client, instances=[row])
        assert (error["instance"], error["field"]) == (0, field)
        assert message in error["message"]
    assert answered(client, instances=[[6, 13, False]]) == ["good"]


def test_several_outputs_are_objects_and_tensors_of_their_own(serve: Serve) -> None:
    client = serve("words-mlflow")
    inputs = [
        {"name": "text", "datatype": "BYTES", "shape": [2], "data": ["good", "a bad day"]},
        {"name": "bonus", "datatype": "INT64", "shape": [2], "data": [0, 1]},
    ]
    answer = client.post("/v2/models/words-mlflow/infer", json={"inputs": inputs}).json()
    assert [(o["name"], o["data"]) for o in answer["outputs"]] == [
        ("words", [1, 3]),
        ("gladness", [1.5, -1]),
    ]
    assert answered(client, instances=[["good", None]])["field"] == "bonus"


def test_every_type_of_column_reaches_the_model_as_mlflow_has_it(
    serve_python_model: ServePythonModel,
) -> None:
    columns = [
        ColSpec(DataType.integer, "count"),
        ColSpec(DataType.float, "ratio"),
        ColSpec(DataType.datetime, "at"),
        ColSpec(DataType.binary, "bytes"),
        ColSpec(ArrayType(DataType.double), "list"),
        ColSpec(DataType.string, "note", required=False),
    ]

    def seen(frame: pd.DataFrame) -> list[Any]:
        row = frame.iloc[0]
        types = [str(frame[name].dtype) for name in frame.columns[:3]]
        return [[*types, row["bytes"].decode(), list(row["list"]), "note" in frame.columns]]

    client = serve_python_model(ByFunction(seen), signature=ModelSignature(Schema(columns)))
    row = {
        "count": 3,
        "ratio": 0.5,
        "at": "2026-11-29T20:00:00",
        "bytes": "c2xpcHdheQ==",
        "list": [1.0, 2.0],
    }
    (types,) = answered(client, instances=[row])
    assert types[:2] == ["int32", "float32"]
    assert types[2].startswith("datetime64")
    assert types[3:] == ["slipway", [1.0, 2.0], False]
    assert answered(client, instances=[{**row, "note": "x"}])[0][-1] is True
    assert client.get("/metadata").json()["inputs"][-1]["optional"] is True
    for field, value in (("at", "soon"), ("bytes", "?"), ("count", 2**31), ("ratio", 1e39)):
        error = answered(client, instances=[{**row, field: value}])
        assert (error["instance"], error["field"]) == (0, field)
    # what only MLflow can tell is its own sentence
    error = answered(client, instances=[{**row, "list": ["a"]}])
    assert error["code"] == "refused_by_model"


@pytest.mark.parametrize("named", [True, False])
def test_a_signature_of_tensors_takes_and_gives_tensors(
    serve_python_model: ServePythonModel, named: bool
) -> None:
    example = np.ones((2, 3), dtype=np.float32)
    given = {"pixels": example} if named else example
    model = ByFunction(lambda x: (x["pixels"] if named else x).sum(axis=1))
    signature = infer_signature(given, example.sum(axis=1))
    client = serve_python_model(model, signature=signature, input_example=given)
    name = "pixels" if named else "input"
    assert client.get("/metadata").json()["inputs"] == [
        {"name": name, "type": "float32", "shape": [-1, 3]}
    ]
    assert answered(client, instances=[[1, 2, 3], {name: [4, 5, 6]}]) == [6, 15]
    tensor = {"name": name, "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}
    answer = client.post("/v2/models/m/infer", json={"inputs": [tensor]}).json()
    assert answer["outputs"] == [
        {"name": "prediction", "datatype": "FP32", "shape": [1], "data": [6]}
    ]
    assert answered(client, instances=[[1, 2]])["field"] == name
    assert answered(client, **client.get("/metadata").json()["example"]) == [3, 3]


def test_a_model_with_type_hints_gets_the_instances(serve_python_model: ServePythonModel) -> None:
    client = serve_python_model(Shouting())
    assert client.get("/metadata").json()["inputs"][0]["type"] == "string"
    assert answered(client, instances=["a", "b"]) == ["A", "B"]
    error = answered(client, instances=["a", 1])
    assert error["code"] == "refused_by_model"
    assert "list[str]" in error["message"]


def test_without_a_signature_objects_are_a_data_frame_and_lists_an_array(
    serve_python_model: ServePythonModel,
) -> None:
    client = serve_python_model(
        ByFunction(lambda data: [f"{type(data).__name__} {data.shape}"] * len(data))
    )
    assert client.get("/metadata").json()["inputs"] == []
    assert answered(client, instances=[{"a": 1, "b": 2}]) == ["DataFrame (1, 2)"]
    assert answered(client, instances=[[1, 2, 3], [4, 5, 6]]) == ["ndarray (2, 3)"] * 2
    assert answered(client, instances=[[1, 2], [3]])["code"] == "invalid_instance"
    split = {"columns": ["a"], "data": [[1], [2]]}
    assert answered(client, "/invocations", dataframe_split=split) == ["DataFrame (2, 1)"] * 2


@pytest.mark.parametrize(
    ("answer", "predictions"),
    [
        (lambda d: pd.DataFrame({"y": d["x"] * 2}), [{"y": 2}, {"y": 4}]),
        (lambda d: {"y": np.array(d["x"] * 2)}, [{"y": 2}, {"y": 4}]),
        (lambda d: pd.Series(d["x"] * 2), [2, 4]),
    ],
)
def test_answers_of_every_kind_become_one_prediction_each(
    serve_python_model: ServePythonModel, answer: Callable[[Any], Any], predictions: list[Any]
) -> None:
    client = serve_python_model(ByFunction(answer))
    assert answered(client, instances=[{"x": 1}, {"x": 2}]) == predictions


def test_what_scikit_learn_does_not_take_is_the_callers_mistake(
    serve_document: Serve, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"a": [0.0, 1.0], "b": [1.0, 0.0]})
    model = LinearRegression().fit(frame, [0.0, 1.0])
    mlflow.sklearn.save_model(
        model,
        tmp_path / "saved",
        signature=infer_signature(frame, model.predict(frame)),
        serialization_format="cloudpickle",
        pip_requirements=[],
    )
    client = serve_document(document_of_folder(), tmp_path)
    error = answered(client, instances=[[1, None]])
    assert error["code"] == "refused_by_model"
    assert "contains NaN" in error["message"]
    assert answered(client, instances=[[1, 2]]) == model.predict([[1, 2]]).tolist()


def test_a_model_that_fails_is_not_the_callers_mistake(
    serve_python_model: ServePythonModel,
) -> None:
    def fail(data: Any) -> None:
        raise ValueError("its own")

    client = serve_python_model(ByFunction(fail))
    answer = client.post("/predict", json={"instances": [{"a": 1}]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "prediction_failed")


def test_a_folder_without_mlmodel_fails_to_load(serve_document: Serve, tmp_path: Path) -> None:
    (tmp_path / "saved").mkdir()
    with pytest.raises(LoadFailed, match="saved has no MLmodel file"):
        serve_document(document_of_folder(), tmp_path)


def test_a_date_that_there_is_not_is_refused_by_name(
    serve_python_model: ServePythonModel,
) -> None:
    signature = ModelSignature(Schema([ColSpec(DataType.datetime, "at")]))
    client = serve_python_model(ByFunction(lambda d: list(d["at"].dt.year)), signature=signature)
    assert answered(client, instances=[{"at": "2026-01-01"}]) == [2026]
    assert answered(client, instances=[{"at": "99999-01-01"}])["field"] == "at"
