"""A class of the package's own that predicts: `class Predictor` in `src/predictor.py`.

Its `__init__` gets one positional argument, the package's `model/` folder; its `predict` one, the
list of instances as the caller sent them, and returns a list as long.
"""

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from slipway_runtime.description import ModelDescription
from slipway_runtime.errors import LoadFailed
from slipway_runtime.loading import packaged_file
from slipway_runtime.package_imports import make_importable
from slipway_runtime.signature_check import SignatureCheck


class PythonPredictor:
    platform = "python_predictor"
    frameworks = ()

    def __init__(self, predictor: Any, description: ModelDescription) -> None:
        signature = description.signature
        self.inputs = signature.inputs if signature else ()
        self.outputs = signature.outputs if signature else ()
        self._check = SignatureCheck(self.inputs)
        self._predictor = predictor

    def predict(self, instances: list[Any]) -> Any:
        self._check(instances)
        return self._predictor.predict(instances)


def load(description: ModelDescription, package: Path) -> PythonPredictor:
    if description.predictor is None:
        raise LoadFailed("the description names no predictor")
    file, name = description.predictor.file, description.predictor.name
    module = import_file(package, packaged_file(package, file))
    predictor_class = getattr(module, name, None)
    if not isinstance(predictor_class, type):
        raise LoadFailed(f"{file} has no class {name}")
    if not callable(getattr(predictor_class, "predict", None)):
        raise LoadFailed(f"class {name} in {file} has no predict method")
    return PythonPredictor(predictor_class(str(package / "model")), description)


def import_file(package: Path, file: Path) -> ModuleType:
    """Imports it by its dotted name below the package, so that its relative imports work.

    Where that name belongs to another module (`code/`, say, to one of Python's own), the file is
    imported by its path.
    """
    make_importable(package, file.parent)
    name = ".".join(file.relative_to(package).with_suffix("").parts)
    found = _spec_of(name)
    if found is not None and found.origin == str(file):
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise LoadFailed(f"{file.relative_to(package)} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module


def _spec_of(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except ModuleNotFoundError as error:
        if name.startswith(str(error.name)):
            return None
        raise
