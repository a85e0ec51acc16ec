"""What docs/runtimes.md tells people to save is served."""

from pathlib import Path

import pytest
from conftest import Serve
from documentation import document_of_snippet, package_by, snippets

from slipway_runtime.loading import FORMATS


def test_every_format_is_told_how_to_be_saved() -> None:
    assert set(snippets()) == set(FORMATS)


@pytest.mark.parametrize(
    ("format_name", "file"),
    [
        ("sklearn", "model/model.joblib"),
        ("xgboost", "model/model.ubj"),
        ("lightgbm", "model/model.txt"),
        ("mlflow", "model"),
    ],
)
def test_what_the_documentation_saves_is_served(
    serve_document: Serve, tmp_path: Path, format_name: str, file: str
) -> None:
    package_by(format_name, tmp_path)
    client = serve_document(document_of_snippet(format_name, file), tmp_path)
    row = dict.fromkeys(("sepal_length", "sepal_width", "petal_length", "petal_width"), 1.0)
    names = [spec["name"] for spec in client.get("/metadata").json()["inputs"]]
    assert len(names) == len(row)
    answer = client.post(
        "/predict", json={"instances": [dict(zip(names, row.values(), strict=True))]}
    )
    assert answer.status_code == 200, answer.text


def test_safetensors_are_served_by_the_predictor_of_the_documentation(
    serve_document: Serve, tmp_path: Path
) -> None:
    package_by("python", tmp_path)
    predictor = {"file": "src/predictor.py", "class": "Predictor"}
    client = serve_document(document_of_snippet("python", "model", predictor=predictor), tmp_path)
    answer = client.post("/predict", json={"instances": [[1, 2, 3, 0], [3, 2, 1, 0]]})
    assert answer.json()["predictions"] == [2, 0]
