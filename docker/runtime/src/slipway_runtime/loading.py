"""From the description to a loaded model."""

import importlib
from pathlib import Path

from slipway_runtime.description import ModelDescription
from slipway_runtime.errors import LoadFailed
from slipway_runtime.model import Model

FORMATS = {
    "sklearn": "slipway_runtime.formats.sklearn_model",
    "xgboost": "slipway_runtime.formats.xgboost_model",
    "lightgbm": "slipway_runtime.formats.lightgbm_model",
    "onnx": "slipway_runtime.formats.onnx_model",
    "keras": "slipway_runtime.formats.keras_model",
    "savedmodel": "slipway_runtime.formats.savedmodel",
    "torchscript": "slipway_runtime.formats.torchscript_model",
    "mlflow": "slipway_runtime.formats.mlflow_model",
    "bentoml": "slipway_runtime.formats.bentoml_model",
    "python": "slipway_runtime.formats.python_predictor",
}


def load_model(description: ModelDescription, package: Path) -> Model:
    """Throws `LoadFailed`, whatever the package's own code or a framework raised."""
    if description.format not in FORMATS:
        known = ", ".join(FORMATS)
        raise LoadFailed(f"format {description.format!r} is not served; known are {known}")
    try:
        return load_format(description, package)
    except (LoadFailed, KeyboardInterrupt):
        raise
    except ModuleNotFoundError as error:
        raise LoadFailed(
            f"the model needs the Python module {error.name!r}, which is not installed: "
            "name its package in requirements.txt"
        ) from error
    except BaseException as error:  # a module of the package may even call sys.exit
        raise LoadFailed(f"{type(error).__name__}: {error}") from error


def load_format(description: ModelDescription, package: Path) -> Model:
    """Throws whatever the format's module throws: for a format that holds a model of another."""
    module = importlib.import_module(FORMATS[description.format])
    model: Model = module.load(description, package)
    return model


def packaged_file(package: Path, path: str | None) -> Path:
    """Throws `LoadFailed` when the description names no such file."""
    if path is None:
        raise LoadFailed("the description names no model file")
    if not (package / path).exists():
        raise LoadFailed(f"{path} is not in the package at {package}")
    return package / path
