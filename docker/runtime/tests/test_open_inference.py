"""The Open Inference Protocol v2, by every kind of model."""

from typing import Any

import pytest
from conftest import Serve
from served_models import IRIS_COLUMNS, cases_of
from starlette.testclient import TestClient


def tensor(name: str, datatype: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def infer(client: TestClient, model: str, *inputs: dict[str, Any], **more: Any) -> Any:
    return client.post(f"/v2/models/{model}/infer", json={"inputs": inputs, **more})


SCORER = [
    tensor("amount", "FP32", [2], [120.5, 10]),
    tensor("visits", "INT64", [2], [3, 12]),
    tensor("country", "BYTES", [2], ["GR", "JP"]),
    tensor("member", "BOOL", [2], [True, False]),
    tensor("history", "FP32", [2, 3], [[0.1, 0.2, 0.3], [0, 0, 0]]),
]


def test_tells_what_it_serves(serve: Serve) -> None:
    client = serve("scorer-onnx")
    assert client.get("/v2").json()["name"] == "slipway-runtime"
    assert client.get("/v2/health/live").json() == {"live": True, "ready": True}
    assert client.get("/v2/health/ready").json() == {"live": True, "ready": True}
    for path in ("/v2/models/scorer-onnx", "/v2/models/scorer-onnx/versions/1.0.0"):
        assert client.get(f"{path}/ready").json() == {"name": "scorer-onnx", "ready": True}
        metadata = client.get(path).json()
        assert metadata["versions"] == ["1.0.0"]
        assert metadata["platform"] == "onnx_onnxv1"
        assert metadata["inputs"][1] == {"name": "visits", "datatype": "INT64", "shape": [-1]}
        assert metadata["inputs"][4] == {"name": "history", "datatype": "FP32", "shape": [-1, 3]}
        assert metadata["outputs"][2] == {"name": "tier", "datatype": "BYTES", "shape": [-1]}


@pytest.mark.parametrize("path", ["/v2/models/{}/infer", "/v2/models/{}/versions/1.0.0/infer"])
def test_several_tensors_in_several_out(serve: Serve, path: str) -> None:
    request = {"id": "42", "parameters": {"x": 1}, "inputs": SCORER}
    answer = serve("scorer-onnx").post(path.format("scorer-onnx"), json=request)
    expected = cases_of("scorer-onnx")[1]["predictions"][:2]
    assert answer.json() == {
        "model_name": "scorer-onnx",
        "model_version": "1.0.0",
        "id": "42",
        "outputs": [
            tensor("score", "FP32", [2], [row["score"] for row in expected]),
            tensor("approved", "BOOL", [2], [False, True]),
            tensor("tier", "BYTES", [2], ["standard", "gold"]),
        ],
    }


def test_flat_data_is_row_major(serve: Serve) -> None:
    flat = tensor("history", "FP32", [2, 3], [0.1, 0.2, 0.3, 0, 0, 0])
    client = serve("scorer-onnx")
    answers = [infer(client, "scorer-onnx", *SCORER[:4], last).json() for last in (SCORER[4], flat)]
    assert answers[0] == answers[1]


def test_only_the_outputs_asked_for_come_back_in_that_order(serve: Serve) -> None:
    client = serve("scorer-onnx")
    wanted = [{"name": "tier"}, {"name": "score"}]
    answer = infer(client, "scorer-onnx", *SCORER, outputs=wanted)
    assert [output["name"] for output in answer.json()["outputs"]] == ["tier", "score"]
    refused = infer(client, "scorer-onnx", *SCORER, outputs=[{"name": "colour"}])
    assert refused.status_code == 400
    assert refused.json() == {
        "error": "colour is not one of the model's outputs, score, approved, tier"
    }


def test_scikit_learn_takes_rows_and_named_columns(serve: Serve) -> None:
    client = serve("iris")
    rows = tensor("rows", "FP64", [2, 4], [5.1, 3.5, 1.4, 0.2, 6, 3, 5, 2])
    columns = [
        tensor(name, "FP32", shape, data)
        for name, shape, data in zip(
            IRIS_COLUMNS,
            ([2], [2, 1], [2], [2]),
            ([5.1, 6], [3.5, 3], [1.4, 5], [None, 2]),
            strict=True,
        )
    ]
    for inputs in ([rows], columns):
        answer = infer(client, "iris", *inputs)
        assert answer.json()["outputs"] == [tensor("species", "INT64", [2], [0, 2])]
    metadata = client.get("/v2/models/iris").json()
    assert metadata["platform"] == "sklearn_pickle"
    assert metadata["inputs"][0] == {"name": "sepal_length", "datatype": "FP64", "shape": [-1]}


def test_columns_of_a_table_may_be_of_several_types(serve: Serve) -> None:
    answer = infer(
        serve("titanic"),
        "titanic",
        tensor("pclass", "INT8", [2], [1, 3]),
        tensor("sex", "BYTES", [2, 1], [["female"], ["male"]]),
        tensor("age", "FP32", [2], [29, None]),
        tensor("fare", "FP64", [2], [211.34, 8.05]),
        tensor("embarked", "BYTES", [2], ["S", "Q"]),
    )
    assert answer.json()["outputs"] == [tensor("prediction", "INT64", [2], [1, 0])]


def test_text_goes_in_and_comes_out_as_bytes(serve: Serve) -> None:
    client = serve("sentiment")
    answer = infer(client, "sentiment", tensor("text", "BYTES", [1], ["wonderful food"]))
    assert answer.json()["outputs"] == [tensor("prediction", "BYTES", [1], ["positive"])]


def test_predictions_that_are_objects_become_an_output_for_each_name(serve: Serve) -> None:
    columns = ["tenure_months", "monthly_charges", "contract", "support_calls"]
    row = [[1], [99.0], ["monthly"], [6]]
    types = ["INT32", "FP64", "BYTES", "INT32"]
    inputs = [tensor(*i, [1], v) for *i, v in zip(columns, types, row, strict=True)]
    answer = infer(serve("churn"), "churn", *inputs)
    assert answer.json()["outputs"] == [
        tensor("churn", "BOOL", [1], [True]),
        tensor("probability", "FP64", [1], [1.0]),
    ]


def test_what_no_tensor_can_hold_comes_out_as_json_text(serve: Serve) -> None:
    client = serve("custom")
    answer = infer(client, "custom", tensor("anything", "BYTES", [2], ["the dog", "123"]))
    assert answer.json()["outputs"] == [tensor("prediction", "BYTES", [2], ['"en"', "null"])]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([], '"inputs" is empty'),
        ([{"name": "amount"}], "input amount: datatype must be one of BOOL"),
        ([tensor("amount", "FP128", [1], [1])], 'not "FP128"'),
        ([tensor("amount", "FP32", [3], [1, 2])], "shape [3] needs 3 values, got 2"),
        ([tensor("amount", "FP32", [-1], [1])], "shape must be a list of sizes"),
        ([tensor("amount", "FP32", [1], ["1"])], 'expected a number, got "1"'),
        ([tensor("amount", "FP32", [1], [1e39])], "is out of range for FP32"),
        ([tensor("visits", "INT64", [1], [1.5])], "expected a whole number, got 1.5"),
        ([tensor("visits", "INT8", [1], [128])], "out of range for INT8: -128 to 127"),
        ([tensor("member", "BOOL", [1], [1])], "expected true or false, got 1"),
        ([tensor("amount", "FP64", [1], [1])], "input amount: expected FP32, got FP64"),
        ([tensor("amount", "FP32", [1, 1], [1])], "expected shape [-1], got [1, 1]"),
        ([tensor("colour", "FP32", [1], [1])], "colour is not one of the model's inputs"),
        ([SCORER[0], SCORER[0]], "input amount is there twice"),
        (SCORER[:4], "input history is missing"),
        (
            [*SCORER[:4], tensor("history", "FP32", [1, 3], [1, 2, 3])],
            "input history: its dimension batch is 1, but amount has 2",
        ),
    ],
)
def test_a_bad_tensor_is_400_with_one_sentence(
    serve: Serve, inputs: list[Any], message: str
) -> None:
    answer = infer(serve("scorer-onnx"), "scorer-onnx", *inputs)
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]
    assert message in answer.json()["error"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([tensor("x", "FP64", [1], [1])], "x is not one of the model's inputs, sepal_length"),
        ([tensor("x", "FP64", [], [1])], "its first dimension must be the batch"),
        ([tensor("x", "FP64", [1, 3], [1, 2, 3])], "instance 0: expected 4 values"),
        ([tensor("x", "BYTES", [1, 4], ["a"] * 4)], 'expected a number, got "a"'),
        ([tensor("a", "FP64", [1], [1]), tensor("b", "FP64", [2], [1, 2])], "b has 2 rows"),
        ([tensor("sepal_length", "FP64", [1], [1])], "sepal_width: is missing"),
    ],
)
def test_a_tensor_that_makes_no_rows_is_400(serve: Serve, inputs: list[Any], message: str) -> None:
    answer = infer(serve("iris"), "iris", *inputs)
    assert answer.status_code == 400
    assert message in answer.json()["error"]


def test_another_model_or_version_is_404(serve: Serve) -> None:
    client = serve("custom")
    for path in ("/v2/models/other", "/v2/models/custom/versions/9.0.0/ready"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "is not served here, custom 1.0.0 is" in answer.json()["error"]
    assert list(client.get("/v2/nothing").json()) == ["error"]
