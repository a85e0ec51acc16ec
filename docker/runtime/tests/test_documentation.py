"""What docs/runtimes.md tells people to save is served."""

import re
from pathlib import Path

import pytest
from conftest import Serve
from documentation import PAGE, document_of_snippet, package_by, snippets

from slipway_runtime.loading import FORMATS


def test_every_format_is_told_how_to_be_saved() -> None:
    assert set(snippets()) == set(FORMATS)


@pytest.mark.parametrize(
    ("format_name", "file"),
    [
        ("sklearn", "model/model.joblib"),
        ("xgboost", "model/model.ubj"),
        ("lightgbm", "model/model.txt"),
        ("onnx", "model/model.onnx"),
        ("mlflow", "model"),
    ],
)
def test_what_the_documentation_saves_is_served(
    serve_document: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    format_name: str,
    file: str,
) -> None:
    package_by(format_name, tmp_path, monkeypatch)
    client = serve_document(document_of_snippet(format_name, file), tmp_path)
    row = dict.fromkeys(("sepal_length", "sepal_width", "petal_length", "petal_width"), 1.0)
    names = [spec["name"] for spec in client.get("/metadata").json()["inputs"]]
    instance = [1.0] * 4 if len(names) == 1 else dict(zip(names, row.values(), strict=True))
    answer = client.post("/predict", json={"instances": [instance]})
    assert answer.status_code == 200, answer.text


def test_the_requests_of_the_documentation_are_answered(serve: Serve) -> None:
    client = serve("loans-xgboost", model="loans")
    requests = re.findall(
        r"^curl localhost:8000(\S+) .*?-d '(.*?)'$", PAGE.read_text(), re.M | re.S
    )
    assert [path for path, _ in requests] == ["/predict", "/invocations", "/v2/models/loans/infer"]
    answers = [client.post(path, content=body) for path, body in requests]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    (prediction,) = answers[0].json()["predictions"]
    assert answers[1].json()["predictions"] == [prediction]
    assert answers[2].json()["outputs"][0]["data"] == [prediction]


def test_safetensors_are_served_by_the_predictor_of_the_documentation(
    serve_document: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package_by("python", tmp_path, monkeypatch)
    predictor = {"file": "src/predictor.py", "class": "Predictor"}
    client = serve_document(document_of_snippet("python", "model", predictor=predictor), tmp_path)
    answer = client.post("/predict", json={"instances": [[1, 2, 3, 0], [3, 2, 1, 0]]})
    assert answer.json()["predictions"] == [2, 0]
