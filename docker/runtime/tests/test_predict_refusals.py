"""What is wrong with a request is said with its place, and is never the server's fault."""

from typing import Any

import pytest
from conftest import MAX_BODY_BYTES, Serve
from served_models import IRIS_COLUMNS
from starlette.testclient import TestClient

GOOD_ROW = [5.1, 3.5, 1.4, 0.2]
GOOD_SCORE = {"amount": 1, "visits": 2, "country": "GR", "member": True, "history": [1, 2, 3]}


def error_of(client: TestClient, **request: Any) -> tuple[int, dict[str, Any]]:
    answer = client.post("/predict", **request)
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, answer.json()["error"]


@pytest.mark.parametrize(
    ("instance", "field", "message"),
    [
        ([5.1, 3.5, 1.4], None, "expected 4 values (sepal_length, sepal_width, "),
        ([5.1, 3.5, 1.4, 0.2, 1], None, "got 5"),
        ([5.1, "3.5", 1.4, 0.2], "sepal_width", 'expected a number, got "3.5"'),
        ([5.1, 3.5, [1.4], 0.2], "petal_length", "expected a single value, got a list of 1"),
        ([5.1, 3.5, {}, 0.2], "petal_length", "expected a single value, got an object"),
        ([5.1, 3.5, 1.4, 10**400], "petal_width", "out of range for float64"),
        (5.1, None, "expected a list or an object of sepal_length"),
        ("text", None, 'got "text"'),
        (None, None, "got null"),
        ({"sepal_length": 5.1}, "sepal_width", "is missing"),
        (
            dict.fromkeys([*IRIS_COLUMNS, "colour"], 1),
            "colour",
            "is not one of the model's inputs",
        ),
    ],
)
def test_a_bad_row_is_named_with_its_column(
    serve: Serve, instance: Any, field: str | None, message: str
) -> None:
    client = serve("iris")
    status, error = error_of(client, json={"instances": [GOOD_ROW, instance]})
    assert (status, error["code"], error["instance"]) == (400, "invalid_instance", 1)
    assert error.get("field") == field
    assert message in error["message"]
    # and the next one is served
    assert client.post("/predict", json={"instances": [GOOD_ROW]}).status_code == 200


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"visits": 1.5}, "visits", "expected a whole number, got 1.5"),
        ({"visits": 2**63}, "visits", "out of range for int64"),
        ({"visits": None}, "visits", "expected a whole number, got null"),
        ({"amount": 1e39}, "amount", "out of range for float32"),
        ({"amount": "1"}, "amount", 'expected a number, got "1"'),
        ({"member": 1}, "member", "expected true or false, got 1"),
        ({"country": 30}, "country", "expected a string, got 30"),
        ({"country": None}, "country", "expected a string, got null"),
        ({"history": [1, 2]}, "history", "instance 0 has [3]"),
        ({"history": 1}, "history", "has shape []"),
        ({"history": [1, 2, [3]]}, "history", "unequal length"),
        ({"unknown": 1}, "unknown", "is not one of the model's inputs"),
    ],
)
def test_a_value_that_an_onnx_input_cannot_hold_is_named(
    serve: Serve, change: dict[str, Any], field: str, message: str
) -> None:
    bad = {**GOOD_SCORE, **change}
    status, error = error_of(serve("scorer-onnx"), json={"instances": [GOOD_SCORE, bad]})
    assert (status, error["code"], error["field"]) == (400, "invalid_instance", field)
    assert error["instance"] == 1
    assert message in error["message"]


def test_a_shape_that_an_onnx_input_does_not_have_is_told_with_the_one_it_has(
    serve: Serve,
) -> None:
    status, error = error_of(serve("digits-onnx"), json={"instances": [[0] * 63]})
    assert (status, error["field"]) == (400, "X")
    assert "expected shape [-1, 64], got [1, 63]" in error["message"]


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b"", "invalid_json", "the body is not JSON"),
        (b"{", "invalid_json", "the body is not JSON"),
        (b'{"instances": [[NaN, 1, 1, 1]]}', "invalid_json", "NaN is not JSON"),
        (b'{"instances": [[-Infinity, 1, 1, 1]]}', "invalid_json", "-Infinity is not JSON"),
        (b'{"instances": ["\xff"]}', "invalid_json", "not UTF-8"),
        (b'{"instances": ["\\ud800"]}', "invalid_json", "half of a surrogate pair"),
        (b"[" * 100_000, "invalid_json", "nested too deeply"),
        (b'{"instances": [' + b"9" * 5000 + b"]}", "invalid_json", "not JSON"),
        (b"[[1, 2, 3, 4]]", "invalid_request", "must be an object, not a list of 1"),
        (b"{}", "invalid_request", 'exactly one of "instances" and "inputs"'),
        (b'{"instances": 1}', "invalid_request", '"instances" must be a list, not 1'),
        (b'{"instances": [], "inputs": {}}', "invalid_request", "exactly one of"),
        (b'{"instances": [], "sample": 1}', "invalid_request", 'unknown field "sample"'),
        (b'{"inputs": [1]}', "invalid_request", '"inputs" must be an object'),
        (b'{"inputs": {"a": 1}}', "invalid_request", "a: expected a list, got 1"),
        (b'{"inputs": {"a": [1], "b": [1, 2]}}', "invalid_request", "b: has 2 values, but a has 1"),
        (b'{"inputs": {"a": [1]}}', "invalid_instance", "sepal_length: is missing"),
    ],
)
def test_a_bad_body_is_refused(serve: Serve, body: bytes, code: str, message: str) -> None:
    status, error = error_of(
        serve("iris"), content=body, headers={"content-type": "application/json"}
    )
    assert (status, error["code"]) == (400, code)
    assert message in error["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/csv"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_what_is_not_plain_json_is_415(serve: Serve, headers: dict[str, str]) -> None:
    status, error = error_of(serve("iris"), content=b"1,2,3,4", headers=headers)
    assert (status, error["code"]) == (415, "unsupported_media_type")


def test_a_body_over_the_limit_is_413_whether_it_says_its_length_or_not(serve: Serve) -> None:
    client = serve("iris")
    body = b" " * (MAX_BODY_BYTES + 1)
    chunks = (body[i : i + 65536] for i in range(0, len(body), 65536))
    for content in (body, chunks):
        status, error = error_of(client, content=content)
        assert (status, error["code"]) == (413, "body_too_large")
    assert client.post("/predict", content=b'{"instances": []}'.ljust(MAX_BODY_BYTES)).is_success


def test_text_models_take_nothing_but_text(serve: Serve) -> None:
    status, error = error_of(serve("sentiment"), json={"instances": ["good", 1]})
    assert (status, error["instance"]) == (400, 1)
    assert error["message"] == "instance 1: expected a string, got 1"


def test_unknown_paths_and_methods_have_errors_of_the_same_shape(serve: Serve) -> None:
    client = serve("custom")
    assert client.get("/nothing").json()["error"]["code"] == "not_found"
    wrong_method = client.get("/predict")
    assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "POST")
    assert wrong_method.json()["error"]["code"] == "method_not_allowed"
