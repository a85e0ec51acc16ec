"""TorchScript files are answered as forward answers; what they do not say, the signature does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from any_json import send_any_json
from conftest import Serve
from documentation import document_of_snippet, package_by
from served_models import cases_of
from starlette.testclient import TestClient

from slipway_runtime.errors import LoadFailed

NAME = "slow/moons-torchscript"

ServeModule = Callable[..., TestClient]


@pytest.fixture
def serve_module(serve_document: Serve, tmp_path: Path) -> ServeModule:
    def start(module: torch.nn.Module, **document: Any) -> TestClient:
        torch.jit.script(module.eval()).save(str(tmp_path / "model.pt"))
        return serve_document(document_of_snippet("torchscript", "model.pt", **document), tmp_path)

    return start


class TwoInputs(torch.nn.Module):
    def forward(
        self, words: torch.Tensor, factor: torch.Tensor, power: float = 1.0
    ) -> dict[str, torch.Tensor]:
        counted = (words > 0).sum(dim=1)
        return {"count": counted, "weighed": (counted * factor) ** power}


class Pair(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return x + 1, x.sum(dim=1)


def spec(name: str, type_name: str = "float32", shape: tuple[int, ...] = (-1,)) -> dict[str, Any]:
    return {"name": name, "type": type_name, "shape": list(shape)}


def predictions(client: TestClient, instances: list[Any]) -> Any:
    answer = client.post("/predict", json={"instances": instances})
    return answer.json()["predictions"] if answer.is_success else answer.json()["error"]


def test_answers_what_torch_itself_answered(serve: Serve) -> None:
    client = serve(NAME)
    for case in cases_of(NAME):
        answer = client.post("/predict", json=case["request"])
        assert answer.status_code == 200, answer.text
        for row, expected in zip(answer.json()["predictions"], case["predictions"], strict=True):
            assert row == pytest.approx(expected, rel=1e-5)
    metadata = client.get("/metadata").json()
    assert [each["name"] for each in metadata["inputs"]] == ["east", "north"]
    assert metadata["runtime"]["frameworks"]["torch"].startswith("1.13")
    assert client.post("/predict", json=metadata["example"]).status_code == 200
    tensors = [
        {"name": name, "datatype": "FP32", "shape": [1], "data": [value]}
        for name, value in (("north", -0.25), ("east", 0.5))
    ]
    answer = client.post("/v2/models/moons-torchscript/infer", json={"inputs": tensors}).json()
    (output,) = answer["outputs"]
    assert (output["name"], output["shape"]) == ("moon", [1, 2])
    assert output["data"] == pytest.approx(cases_of(NAME)[0]["predictions"][0], rel=1e-5)


def test_columns_of_unequal_length_are_refused(serve: Serve) -> None:
    tensors = [
        {"name": name, "datatype": "FP32", "shape": [rows], "data": [0] * rows}
        for name, rows in (("north", 1), ("east", 2))
    ]
    answer = serve(NAME).post("/v2/models/moons-torchscript/infer", json={"inputs": tensors})
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "the inputs have unequal numbers of rows",
    )


@pytest.mark.parametrize(
    ("instance", "field", "message"),
    [
        ({"east": 1}, "north", "is missing"),
        ({"east": 1, "north": 2, "west": 3}, "west", "is not one of the model's inputs"),
        ({"east": "1", "north": 2}, "east", 'expected a number, got "1"'),
        ({"east": [1, 2], "north": 2}, "east", "has shape [2]"),
        ({"east": 1, "north": 1e39}, "north", "is out of range for float32"),
        ([1], None, "expected 2 values (east, north), got 1"),
    ],
)
def test_what_does_not_fit_is_named_and_the_next_one_served(
    serve: Serve, instance: Any, field: str | None, message: str
) -> None:
    client = serve(NAME)
    error = predictions(client, [[1, 2], instance])
    assert (error["instance"], error.get("field")) == (1, field)
    assert message in error["message"]
    assert len(predictions(client, [[1, 2]])) == 1


def test_several_tensors_go_to_the_arguments_of_their_names(serve_module: ServeModule) -> None:
    inputs = [spec("factor"), spec("words", "int64", (-1, -1))]
    client = serve_module(TwoInputs(), signature={"inputs": inputs})
    row = {"words": [1, 0, 3], "factor": 0.5}
    assert predictions(client, [row]) == [{"count": 2, "weighed": 1.0}]
    assert predictions(client, [{**row, "words": [1.5]}])["field"] == "words"


def test_without_a_signature_one_tensor_of_any_shape_is_taken(serve_module: ServeModule) -> None:
    client = serve_module(Pair())
    metadata = client.get("/metadata").json()
    assert metadata["inputs"] == [spec("x")]
    assert metadata["outputs"] == []
    assert predictions(client, [[1, 2], {"x": [3, 4]}]) == [
        {"output_0": [2, 3], "output_1": 3},
        {"output_0": [4, 5], "output_1": 7},
    ]
    error = predictions(client, [1, 2])  # of one dimension, where forward wants two
    assert error["code"] == "refused_by_model"
    assert "Dimension out of range" in error["message"]
    assert predictions(client, [[1, 2], [3]])["code"] == "invalid_instance"


def test_shapes_that_torch_refuses_are_the_callers_mistake(serve_module: ServeModule) -> None:
    client = serve_module(torch.nn.Linear(3, 1))
    error = predictions(client, [[1, 2]])
    assert error["code"] == "refused_by_model"
    assert "mat1 and mat2 shapes cannot be multiplied" in error["message"]
    assert len(predictions(client, [[1, 2, 3]])) == 1


@pytest.mark.parametrize(
    ("module", "inputs", "message"),
    [
        (TwoInputs(), [spec("a", shape=(-1, 3))], "has inputs a, but forward takes words, factor"),
        (Pair(), [spec("a"), spec("b", "string")], "has inputs a, b, but forward takes x"),
    ],
)
def test_a_signature_that_is_not_forwards_fails_to_load(
    serve_module: ServeModule, module: Any, inputs: list[Any], message: str
) -> None:
    with pytest.raises(LoadFailed, match=message):
        serve_module(module, signature={"inputs": inputs})


def test_what_is_no_torchscript_says_how_to_save_it(serve_document: Serve, tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(1, 1).state_dict(), tmp_path / "model.pt")
    for content in (None, b"", b"not a model"):
        if content is not None:
            (tmp_path / "model.pt").write_bytes(content)
        with pytest.raises(
            LoadFailed, match=r"as TorchScript: .*; save it with torch\.jit\.script"
        ):
            serve_document(document_of_snippet("torchscript", "model.pt"), tmp_path)


def test_what_the_documentation_saves_is_served(
    serve_document: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package_by("torchscript", tmp_path, monkeypatch)
    client = serve_document(document_of_snippet("torchscript", "model/model.pt"), tmp_path)
    assert len(predictions(client, [[5.1, 3.5, 1.4, 0.2]])[0]) == 3


def test_no_json_of_any_shape_is_the_servers_fault(serve: Serve) -> None:
    send_any_json(serve(NAME), NAME)
