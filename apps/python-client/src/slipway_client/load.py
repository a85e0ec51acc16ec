"""From the files of a version to a loaded model, for the formats that this takes one call for."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from slipway_client.documents import Version
from slipway_client.errors import NotLoadable


@dataclass(frozen=True)
class Format:
    """`needs` are modules, and what is installed for them."""

    endings: tuple[str, ...]
    needs: Mapping[str, str]
    load: Callable[[Path, Path], Any]
    runs_code: bool = False


def cache_folder() -> Path:
    """A folder for each content digest. Of one user alone, and verified at each load: a pickle is
    code."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home(), "slipway")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "slipway")


def format_of(version: Version, allow_pickle: bool) -> Format:
    """Before a byte is pulled. Throws `NotLoadable`."""
    name = f"{version.model}:{version.version}"
    if version.sealed_at is None:
        raise NotLoadable(f"{name} is a draft: load what is sealed", code="not_sealed")
    found = FORMATS.get(version.format or "")
    if found is None:
        raise NotLoadable(
            f"{name} is of the format {version.format}, which is not loaded here: "
            "pull it, and load it with its own library; or ask the image that serves it",
            code="format_not_loadable",
        )
    if found.runs_code and not allow_pickle:
        raise NotLoadable(
            f"{name} is a pickle, and to load it runs whatever code is in it: "
            "if you trust who made it, load it with allow_pickle=True",
            code="pickle_not_allowed",
        )
    for module, package in found.needs.items():
        if importlib.util.find_spec(module) is None:
            raise NotLoadable(
                f"{name} is of the format {version.format}, for which {module} is missing here: "
                f"pip install {package}",
                code="module_missing",
            )
    return found


def load_from(folder: Path, version: Version, found: Format, file: str | None) -> Any:
    """Throws `NotLoadable`, and what the format's library throws."""
    path = folder / (file if file is not None else _model_in(folder, version, found))
    if not path.is_file():
        raise NotLoadable(
            f"the version has no file {file}: slipway.files lists them", code="no_file"
        )
    return found.load(path, folder)


def _model_in(folder: Path, version: Version, found: Format) -> str:
    """As the service finds it: the one in `model/`, then at the top."""
    for place in (folder / "model", folder):
        candidates = [
            path.relative_to(folder).as_posix()
            for path in sorted(place.glob("*"))
            if path.is_file() and path.suffix in found.endings and path.stem != "preprocessor"
        ]
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            break
    listed = f" ({', '.join(candidates)})" if candidates else ""
    raise NotLoadable(
        f"which file of {version.model}:{version.version} is the model is not plain{listed}: "
        'name it, as in file="model/model.onnx"',
        code="model_not_plain",
    )


def _onnx(path: Path, folder: Path) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(str(path), providers=onnxruntime.get_available_providers())


def _xgboost(path: Path, folder: Path) -> Any:
    import xgboost

    return xgboost.Booster(model_file=str(path))


def _lightgbm(path: Path, folder: Path) -> Any:
    import lightgbm

    return lightgbm.Booster(model_file=str(path))


def _sklearn(path: Path, folder: Path) -> Any:
    """With the preprocessor that lies beside it in front."""
    import joblib
    from sklearn.pipeline import make_pipeline

    preprocessor = path.with_name("preprocessor.pkl")
    with _importable(folder, folder / "src"):
        model = joblib.load(path)
        if not preprocessor.is_file():
            return model
        return make_pipeline(joblib.load(preprocessor), model)


@contextmanager
def _importable(*folders: Path) -> Iterator[None]:
    """A pickle may name the package's own classes."""
    before = sys.path[:]
    sys.path[:0] = [str(folder) for folder in folders]
    try:
        yield
    finally:
        sys.path[:] = before


FORMATS = {
    "onnx": Format((".onnx",), {"onnxruntime": "onnxruntime"}, _onnx),
    "xgboost": Format((".json", ".ubj"), {"xgboost": "xgboost"}, _xgboost),
    "lightgbm": Format((".txt",), {"lightgbm": "lightgbm"}, _lightgbm),
    "sklearn": Format(
        (".pkl", ".pickle", ".joblib"),
        {"sklearn": "scikit-learn", "joblib": "joblib"},
        _sklearn,
        runs_code=True,
    ),
}
