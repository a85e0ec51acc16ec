"""Bentos: the one model that they hold, by the framework that BentoML saved it with.

    bento.yaml  src/  apis/  env/  models/<name>/<version>/{model.yaml, saved_model.pkl, …}

as a folder, or in the archive that `bentoml export` makes (a tar, compressed or not). A model's own
export has `model.yaml` at its top. A Bento's service is not run: its methods take what their own
signatures say, over routes of their own, and need BentoML's server. What `bentoml.<framework>.
load_model` gives inside it is what answers here.
"""

import re
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from slipway_runtime.description import ModelDescription
from slipway_runtime.errors import LoadFailed
from slipway_runtime.loading import load_format, packaged_file
from slipway_runtime.model import Model

FORMATS = {
    "sklearn": ("sklearn", "saved_model.pkl"),
    "picklable_model": ("sklearn", "saved_model.pkl"),
    "xgboost": ("xgboost", "saved_model.ubj"),
    "lightgbm": ("lightgbm", "saved_model.*"),
    "onnx": ("onnx", "saved_model.onnx"),
    "torchscript": ("torchscript", "saved_model.pt"),
    "keras": ("savedmodel", "."),
    "tensorflow": ("savedmodel", "."),
    "mlflow": ("mlflow", "mlflow_model"),
}
"""By the module of `bentoml` that saved it: our format, and where in its folder the model is."""


def load(description: ModelDescription, package: Path) -> Model:
    bento = packaged_file(package, description.model_file)
    if bento.is_file():
        bento = _unpacked(bento, description.model_file or "")
    folder = _only_model(bento, description.model_file or "")
    module = _module_of(folder / "model.yaml")
    format_name, pattern = FORMATS.get(module.removeprefix("bentoml."), ("", ""))
    if not format_name:
        known = ", ".join(FORMATS)
        raise LoadFailed(
            f"the Bento's model was saved with {module}; served are those of bentoml's {known}: "
            "add a src/predictor.py with a Predictor for any other"
        )
    file = folder if pattern == "." else next(iter(sorted(folder.glob(pattern))), None)
    if file is None:
        raise LoadFailed(f"the Bento's model {folder.parent.name} has no {pattern}")
    inner = replace(description, format=format_name, model_file=str(file.relative_to(bento)))
    return load_format(inner, bento)


def _unpacked(archive: Path, name: str) -> Path:
    """Below a folder that goes with the container."""
    folder = Path(tempfile.mkdtemp(prefix="bento-"))
    # What came with security fixes of 3.10 and 3.11; older ones have nothing like it.
    options: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, **options)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise LoadFailed(f"cannot unpack {name}: {error}") from error
    return folder


def _only_model(bento: Path, name: str) -> Path:
    found = sorted(bento.glob("models/*/*/model.yaml"))
    if (bento / "model.yaml").is_file():
        found = [bento / "model.yaml"]
    if not found:
        raise LoadFailed(
            f"{name} holds no model: name it in the service (bentoml.models.BentoModel) or under "
            "models in bentofile.yaml, so that it is exported with the Bento"
        )
    if len(found) > 1:
        models = ", ".join(file.parent.parent.name for file in found)
        raise LoadFailed(f"{name} holds several models, {models}: only a Bento of one is served")
    return found[0].parent


def _module_of(file: Path) -> str:
    """BentoML writes it as a plain scalar on a line of its own."""
    found = re.search(r"^module: *['\"]?([\w.]+)", file.read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise LoadFailed(f"{file.name} of the Bento names no module")
    return found[1]
