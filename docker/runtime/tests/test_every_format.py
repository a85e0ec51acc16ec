"""What is the same for every format: three wires, a first request, and no way to break it."""

from typing import Any

import pytest
from any_json import is_well, send_any_json
from conftest import MAX_BODY_BYTES, Serve
from served_models import SERVED, cases_of

from slipway_runtime.datatypes import open_inference_datatype

LIGHT = ["loans-xgboost", "flowers-xgboost", "rides-lightgbm", "wine-mlflow", "plants-bento"]


@pytest.mark.parametrize("name", SERVED)
def test_the_example_that_is_shown_is_answered_on_every_wire(serve: Serve, name: str) -> None:
    client = serve(name)
    metadata = client.get("/metadata").json()
    example = metadata["example"] or cases_of(name)[0]["request"]  # of what has no inputs
    answers = [client.post(path, json=example) for path in ("/predict", "/invocations")]
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    assert answers[0].json()["predictions"] == answers[1].json()["predictions"]
    if metadata["example"]:
        assert "curl" in client.get("/docs").text
    if metadata["inputs"] and "instances" in example:
        tensors = tensors_of(metadata["inputs"], example["instances"])
        answer = client.post(f"/v2/models/{name}/infer", json={"inputs": tensors})
        assert answer.status_code == 200, answer.text
        assert answer.json()["outputs"][0]["shape"][0] == len(example["instances"])


@pytest.mark.parametrize("name", SERVED)
def test_inputs_are_told_alike_by_metadata_and_the_open_inference_protocol(
    serve: Serve, name: str
) -> None:
    client = serve(name)
    metadata, model = client.get("/metadata").json(), client.get(f"/v2/models/{name}").json()
    for side in ("inputs", "outputs"):
        assert [(spec["name"], spec["shape"]) for spec in metadata[side]] == [
            (tensor["name"], tensor["shape"]) for tensor in model[side]
        ]


def tensors_of(inputs: list[dict[str, Any]], instances: list[Any]) -> list[dict[str, Any]]:
    """The same instances by the Open Inference Protocol, a tensor for each input."""
    tensors = []
    for i, spec in enumerate(inputs):
        values = [value_of(instance, spec["name"], i, len(inputs)) for instance in instances]
        shape = [len(values)]
        inner = values[0]
        while isinstance(inner, list):
            shape.append(len(inner))
            inner = inner[0]
        datatype = open_inference_datatype(spec["type"])
        if datatype == "BYTES" and not isinstance(inner, str):
            datatype = "FP64"
        tensors.append({"name": spec["name"], "shape": shape, "datatype": datatype, "data": values})
    return tensors


def value_of(instance: Any, name: str, position: int, count: int) -> Any:
    if isinstance(instance, dict):
        return instance[name]
    return instance if count == 1 else instance[position]


@pytest.mark.parametrize("name", LIGHT)
def test_no_json_of_any_shape_is_the_servers_fault(serve: Serve, name: str) -> None:
    send_any_json(serve(name), name)


FAULTS = {
    "nothing": (b"", 400),
    "half a body": (b'{"instances": [[1', 400),
    "NaN": (b'{"instances": [[NaN, 1, 2, 3]]}', 400),
    "infinity": (b'{"instances": [[Infinity, 1, 2, 3]]}', 400),
    "a number too large": (b'{"instances": [[1e400, 1, 2, 3]]}', 400),
    "not UTF-8": (b'{"instances": [["\xff"]]}', 400),
    "deep": (b"[" * 50_000, 400),
    "deep rows": (b'{"instances": [' + b"[" * 400 + b"]" * 400 + b"]}", 400),
    "50,000 wrong rows": (
        b'{"instances": [' + b",".join([b"[1, {}, 2, true]"] * 50_000) + b"]}",
        400,
    ),
    "too large": (b" " * (MAX_BODY_BYTES + 1), 413),
    "no instances": (b'{"instances": []}', 200),
}


@pytest.mark.parametrize("name", LIGHT)
@pytest.mark.parametrize(("body", "status"), FAULTS.values(), ids=FAULTS)
def test_what_breaks_a_body_is_refused_and_the_next_one_served(
    serve: Serve, name: str, body: bytes, status: int
) -> None:
    client = serve(name)
    answer = client.post("/predict", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text[:500]
    assert is_well(client, name)


@pytest.mark.parametrize("datatype", ["FP128", "INT4", "", None, 1, {}, []])
def test_a_datatype_that_there_is_not_is_refused(serve: Serve, datatype: Any) -> None:
    client = serve("rides-lightgbm")
    tensor = {"name": "hour", "shape": [1], "datatype": datatype, "data": [1]}
    answer = client.post("/v2/models/rides-lightgbm/infer", json={"inputs": [tensor]})
    assert answer.status_code == 400
    assert "input hour: datatype must be one of BOOL" in answer.json()["error"]
    assert is_well(client, "rides-lightgbm")
