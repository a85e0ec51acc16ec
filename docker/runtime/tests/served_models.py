"""The models of `test/models`, with the description that an image of each has."""

import json
from pathlib import Path
from typing import Any

MODELS = Path(__file__).parents[3] / "test" / "models"

IRIS_COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]

SERVED: dict[str, dict[str, Any]] = {
    "churn": {"predictor": {"file": "src/predictor.py", "class": "Predictor"}},
    "iris": {
        "format": "sklearn",
        "modelFile": "model/model.pkl",
        "preprocessorFile": "model/preprocessor.pkl",
        "signature": {
            "inputs": [{"name": n, "type": "float64", "shape": [-1]} for n in IRIS_COLUMNS],
            "outputs": [{"name": "species", "type": "int64", "shape": [-1]}],
        },
        "example": {"instances": [[5.1, 3.5, 1.4, 0.2]]},
        "labels": {"team": "botany"},
    },
    "titanic": {"format": "sklearn", "modelFile": "model.joblib"},
    "sentiment": {"format": "sklearn", "modelFile": "model.pkl"},
    "digits-onnx": {"format": "onnx", "modelFile": "model.onnx"},
    "scorer-onnx": {"format": "onnx", "modelFile": "model.onnx"},
    "loans-xgboost": {"format": "xgboost", "modelFile": "model.json"},
    "flowers-xgboost": {"format": "xgboost", "modelFile": "model.ubj"},
    "rides-lightgbm": {"format": "lightgbm", "modelFile": "model/model.txt"},
    "wine-mlflow": {"format": "mlflow", "modelFile": "."},
    "words-mlflow": {"format": "mlflow", "modelFile": "model"},
    "plants-bento": {"format": "bentoml", "modelFile": "."},
    "digits-safetensors": {
        "predictor": {"file": "src/predictor.py", "class": "Predictor"},
        "signature": {
            "inputs": [{"name": "pixels", "type": "float32", "shape": [-1, 64]}],
            "outputs": [{"name": "digit", "type": "int64", "shape": [-1]}],
        },
    },
    "custom": {"predictor": {"file": "src/predictor.py", "class": "Predictor"}},
}

COLUMNS_OF_MOONS = [{"name": name, "type": "float32", "shape": [-1]} for name in ("east", "north")]

SLOW: dict[str, dict[str, Any]] = {
    "slow/houses-keras": {"format": "keras", "modelFile": "model.keras"},
    "slow/moons-keras-h5": {"format": "keras", "modelFile": "model/model.h5"},
    "slow/moods-savedmodel": {"format": "savedmodel", "modelFile": "model"},
    "slow/moons-torchscript": {
        "format": "torchscript",
        "modelFile": "model/model.pt",
        "signature": {
            "inputs": COLUMNS_OF_MOONS,
            "outputs": [{"name": "moon", "type": "float32", "shape": [-1, 2]}],
        },
    },
}


def package_of(name: str) -> Path:
    return MODELS / name / "package"


def document_of(name: str, **changes: Any) -> dict[str, Any]:
    """The `model.json` of a model under test."""
    return {
        "model": name.removeprefix("slow/"),
        "version": "1.0.0",
        "contentDigest": "sha256:" + "ab" * 32,
        "format": "python",
        "modelFile": None,
        "preprocessorFile": None,
        "predictor": None,
        "signature": None,
        "example": None,
        "labels": {},
        "metadata": {},
        **{**SERVED, **SLOW}[name],
        **changes,
    }


def cases_of(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((MODELS / name / "cases.json").read_text("utf-8"))
    return cases
