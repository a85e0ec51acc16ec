"""scikit-learn estimators, and whatever has their interface, from a pickle or a joblib file."""

from pathlib import Path
from typing import Any

import joblib
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from slipway_runtime.description import ModelDescription, TensorSpec
from slipway_runtime.errors import LoadFailed
from slipway_runtime.formats.refusals import raised_in, refused_by_model
from slipway_runtime.formats.sklearn_outputs import output_specs
from slipway_runtime.formats.sklearn_table import input_reader
from slipway_runtime.formats.table import InputReader
from slipway_runtime.loading import packaged_file
from slipway_runtime.package_imports import make_importable


class SklearnModel:
    frameworks = ("scikit-learn", "joblib", "numpy", "scipy", "pandas")

    def __init__(
        self,
        estimator: Any,
        preprocessor: Any,
        reader: InputReader,
        outputs: tuple[TensorSpec, ...],
        platform: str,
    ) -> None:
        self.platform = platform
        self.inputs = reader.inputs
        self.outputs = outputs
        self._estimator = estimator
        self._preprocessor = preprocessor
        self._read = reader.read

    def predict(self, instances: list[Any]) -> Any:
        features = self._read(instances)
        try:
            if self._preprocessor is not None:
                features = self._preprocessor.transform(features)
            return self._estimator.predict(features)
        except ValueError as error:
            # How scikit-learn says that it does not take this input: a NaN, an unknown category.
            if raised_in("sklearn", error):
                raise refused_by_model(error) from error
            raise


def load(description: ModelDescription, package: Path) -> SklearnModel:
    make_importable(package, package / "src")  # a pickle may refer to the package's own functions
    file = packaged_file(package, description.model_file)
    estimator = _unpickled(file, description.model_file or "", "predict")
    preprocessor = None
    if description.preprocessor_file is not None:
        preprocessor = _unpickled(
            packaged_file(package, description.preprocessor_file),
            description.preprocessor_file,
            "transform",
        )
    first = estimator if preprocessor is None else preprocessor
    return SklearnModel(
        estimator,
        preprocessor,
        input_reader(first, description.signature),
        output_specs(estimator, description.signature),
        platform="sklearn_joblib" if file.suffix == ".joblib" else "sklearn_pickle",
    )


def _unpickled(file: Path, name: str, method: str) -> Any:
    try:
        loaded = joblib.load(file)
    except (ModuleNotFoundError, MemoryError):
        raise
    except Exception as error:
        raise LoadFailed(f"cannot load {name}: {type(error).__name__}: {error}") from error
    if not callable(getattr(loaded, method, None)):
        raise LoadFailed(
            f"{name} holds a {type(loaded).__name__}, which has no {method} method: "
            "save the fitted estimator itself, or add a src/predictor.py with a Predictor"
        )
    if type(loaded).__module__.startswith("sklearn."):
        try:
            check_is_fitted(loaded)
        except NotFittedError as error:
            raise LoadFailed(
                f"{name} holds a {type(loaded).__name__} that was not fitted"
            ) from error
    return loaded
