"""Graphs of every shape: fixed batches, no batch, optional inputs, maps, sequences."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from conftest import Serve
from onnx import TensorProto, helper
from starlette.testclient import TestClient

from slipway_runtime.errors import LoadFailed

FLOAT, INT64, UINT8 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.UINT8
tensor = helper.make_tensor_value_info
node = helper.make_node

ServeGraph = Callable[..., TestClient]


@pytest.fixture
def serve_graph(serve_document: Serve, tmp_path: Path) -> ServeGraph:
    def start(nodes: list[Any], inputs: list[Any], outputs: list[Any], defaults: Any = ()) -> Any:
        graph = helper.make_graph(nodes, "g", inputs, outputs, initializer=list(defaults))
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        onnx.save(model, tmp_path / "model.onnx")
        return serve_document(
            {
                "model": "g",
                "version": "1.0.0",
                "contentDigest": "",
                "format": "onnx",
                "modelFile": "model.onnx",
            },
            tmp_path,
        )

    return start


def predict(client: TestClient, instances: list[Any]) -> Any:
    answer = client.post("/predict", json={"instances": instances})
    return answer.json()["predictions"] if answer.is_success else answer.json()["error"]["message"]


def test_a_graph_for_a_batch_of_one_is_asked_once_for_each_instance(
    serve_graph: ServeGraph,
) -> None:
    client = serve_graph(
        [node("Mul", ["x", "x"], ["y"])],
        [tensor("x", FLOAT, [1, 2])],
        [tensor("y", FLOAT, [1, 2])],
    )
    assert predict(client, [[1, 2], [3, 4], [5, 6]]) == [[1, 4], [9, 16], [25, 36]]


def test_a_graph_without_a_batch_takes_scalars(serve_graph: ServeGraph) -> None:
    client = serve_graph(
        [node("Mul", ["x", "x"], ["y"])], [tensor("x", FLOAT, [])], [tensor("y", FLOAT, [])]
    )
    assert predict(client, [2, 3]) == [4, 9]


def test_a_graph_for_a_batch_of_four_takes_exactly_four(serve_graph: ServeGraph) -> None:
    client = serve_graph(
        [node("Neg", ["x"], ["y"])], [tensor("x", FLOAT, [4, 1])], [tensor("y", FLOAT, [4, 1])]
    )
    assert predict(client, [1, 2, 3, 4]) == [[-1], [-2], [-3], [-4]]
    assert predict(client, [1, 2]) == "x: the graph takes exactly 4 instances, got 2"


def test_columns_of_width_one_take_plain_values(serve_graph: ServeGraph) -> None:
    client = serve_graph(
        [node("Add", ["a", "b"], ["y"])],
        [tensor("a", FLOAT, [None, 1]), tensor("b", FLOAT, ["n", 1])],
        [tensor("y", FLOAT, [None, 1])],
    )
    assert predict(client, [{"a": 1, "b": 2}, [3, 4]]) == [[3], [7]]
    assert predict(client, [{"a": [5], "b": [6]}]) == [[11]]


def test_an_input_with_a_default_may_be_left_out(serve_graph: ServeGraph) -> None:
    client = serve_graph(
        [node("Mul", ["x", "factor"], ["y"])],
        [tensor("x", FLOAT, ["n"]), tensor("factor", FLOAT, [1])],
        [tensor("y", FLOAT, ["n"])],
        defaults=[helper.make_tensor("factor", FLOAT, [1], [10.0])],
    )
    assert predict(client, [{"x": 1}, {"x": 2}]) == [10, 20]
    assert client.get("/metadata").json()["inputs"][1]["optional"] is True


def test_integers_are_held_to_the_range_of_their_type(serve_graph: ServeGraph) -> None:
    client = serve_graph(
        [node("Cast", ["x"], ["y"], to=INT64)],
        [tensor("x", UINT8, ["n", 2])],
        [tensor("y", INT64, ["n", 2])],
    )
    assert predict(client, [[0, 255], [1.0, True]]) == [[0, 255], [1, 1]]
    assert predict(client, [[0, 256]]) == "instance 0, x: is out of range for uint8, 0 to 255"
    assert predict(client, [[0, -1]]) == "instance 0, x: is out of range for uint8, 0 to 255"
    assert "expected a whole number, got 0.5" in predict(client, [[0, 0.5]])


def test_maps_of_probabilities_are_objects_and_over_tensors_a_matrix(
    serve_graph: ServeGraph,
) -> None:
    maps = helper.make_sequence_type_proto(
        helper.make_map_type_proto(INT64, helper.make_tensor_type_proto(FLOAT, None))
    )
    client = serve_graph(
        [node("ZipMap", ["x"], ["p"], domain="ai.onnx.ml", classlabels_int64s=[7, 8])],
        [tensor("x", FLOAT, ["n", 2])],
        [helper.make_value_info("p", maps)],
    )
    assert predict(client, [[0.25, 0.75]]) == [{"7": 0.25, "8": 0.75}]
    request = {"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [0.25, 0.75]}
    answer = client.post("/v2/models/g/infer", json={"inputs": [request]}).json()
    expected = {"name": "p", "shape": [1, 2], "datatype": "FP32", "data": [0.25, 0.75]}
    assert answer["outputs"] == [expected]


def test_an_output_that_is_not_one_row_for_each_instance_is_the_models_fault(
    serve_graph: ServeGraph,
) -> None:
    client = serve_graph(
        [node("ReduceSum", ["x"], ["y"], keepdims=0)],
        [tensor("x", FLOAT, ["n"])],
        [tensor("y", FLOAT, [])],
    )
    answer = client.post("/predict", json={"instances": [1, 2]})
    assert answer.status_code == 500
    assert "output y" in answer.json()["error"]["message"]
    request = {"name": "x", "shape": [2], "datatype": "FP32", "data": [1, 2]}
    answer = client.post("/v2/models/g/infer", json={"inputs": [request]})
    assert answer.json()["outputs"][0] == {
        "name": "y",
        "shape": [],
        "datatype": "FP32",
        "data": [3],
    }


def test_a_file_that_is_no_graph_fails_to_load(serve_document: Serve, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not onnx")
    document = {"model": "g", "version": "1.0.0", "contentDigest": "", "format": "onnx"}
    with pytest.raises(LoadFailed, match=r"cannot load model\.onnx"):
        serve_document({**document, "modelFile": "model.onnx"}, tmp_path)
