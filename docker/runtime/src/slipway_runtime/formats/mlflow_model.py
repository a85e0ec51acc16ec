"""MLflow model folders, by their python_function flavor: the answer is that of
`mlflow.pyfunc.load_model(folder).predict`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
import pandas
from mlflow.exceptions import MlflowException

from slipway_runtime.description import ModelDescription, TensorSpec
from slipway_runtime.errors import LoadFailed
from slipway_runtime.formats.arrays import Array
from slipway_runtime.formats.graph_model import GraphModel, Outputs
from slipway_runtime.formats.mlflow_instances import mlflow_reader
from slipway_runtime.formats.mlflow_signature import schema_specs
from slipway_runtime.formats.refusals import raised_in, refused_by_model
from slipway_runtime.loading import packaged_file
from slipway_runtime.package_imports import make_importable

PLATFORM = "mlflow_pyfunc"
CALLERS_MISTAKES = ("INVALID_PARAMETER_VALUE", "BAD_REQUEST")
DISTRIBUTIONS = {"sklearn": "scikit-learn"}

Ask = Callable[[Any], Any]


class MlflowTable:
    """A python_function over a table, or over the instances as they are."""

    platform = PLATFORM

    def __init__(
        self,
        ask: Ask,
        read: Callable[[list[Any]], Any],
        inputs: Sequence[TensorSpec],
        outputs: Sequence[TensorSpec],
        frameworks: Sequence[str],
    ) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.frameworks = frameworks
        self.example: Any = None
        self._ask = ask
        self._read = read

    def predict(self, instances: list[Any]) -> Any:
        answer = self._ask(self._read(instances))
        if isinstance(answer, Mapping):  # of columns
            return pandas.DataFrame(dict(answer))
        return answer


def load(description: ModelDescription, package: Path) -> MlflowTable | GraphModel:
    make_importable(package, package / "src")  # a pickle may refer to the package's own functions
    folder = packaged_file(package, description.model_file)
    if not (folder / "MLmodel").is_file():
        raise LoadFailed(f"{description.model_file} has no MLmodel file")
    loaded = mlflow.pyfunc.load_model(str(folder), suppress_warnings=True)
    metadata = loaded.metadata
    declared = description.signature
    signature = metadata.signature
    schema = signature.inputs if signature is not None else None
    inputs = schema_specs(schema, "input") or (declared.inputs if declared else ())
    outputs = (declared.outputs if declared else ()) or schema_specs(
        signature.outputs if signature is not None else None, "prediction"
    )
    frameworks = (
        "mlflow",
        "mlflow-skinny",
        *(DISTRIBUTIONS.get(name, name) for name in metadata.flavors if name != "python_function"),
        "pandas",
        "numpy",
    )
    ask = _asking(loaded)
    if schema is not None and schema.is_tensor_spec():
        model: MlflowTable | GraphModel = GraphModel(
            _tensor_run(ask, schema.has_input_names()),
            inputs,
            outputs,
            platform=PLATFORM,
            frameworks=frameworks,
        )
    else:
        read = mlflow_reader(schema, inputs, from_type_hint=_is_from_type_hint(metadata))
        model = MlflowTable(ask, read, inputs, outputs, frameworks)
    model.example = _example(folder, metadata)
    return model


def _asking(loaded: Any) -> Ask:
    def ask(data: Any) -> Any:
        try:
            return loaded.predict(data)
        except MlflowException as error:
            # How MLflow says that data are not what the signature has.
            if getattr(error, "error_code", None) in CALLERS_MISTAKES:
                raise refused_by_model(error, lines=1) from error
            raise
        except ValueError as error:
            if raised_in("sklearn", error):  # a NaN, an unknown category
                raise refused_by_model(error) from error
            raise

    return ask


def _is_from_type_hint(metadata: Any) -> bool:
    asked = getattr(metadata, "_is_signature_from_type_hint", None)  # MLflow 2.20 and later
    return bool(asked and asked())


def _tensor_run(ask: Ask, named: bool) -> Callable[[Mapping[str, Array]], Outputs]:
    def run(feed: Mapping[str, Array]) -> Outputs:
        answer = ask(dict(feed) if named else next(iter(feed.values())))
        if isinstance(answer, Mapping):
            return {str(name): np.asarray(value) for name, value in answer.items()}
        if isinstance(answer, pandas.DataFrame):
            return {str(name): answer[name].to_numpy() for name in answer.columns}
        return [np.asarray(answer)]

    return run


def _example(folder: Path, metadata: Any) -> Any:
    """The input example, as a body of `/predict`; None where there is none.

    `serving_input_example.json` has it as a body of `/invocations`.
    """
    info = metadata.saved_input_example_info or {}
    file = folder / str(info.get("serving_input_path") or "")
    if not file.is_file():
        return None
    document = json.loads(file.read_text("utf-8"))
    if "dataframe_split" in document:
        table = document["dataframe_split"]
        names = table["columns"]
        rows = table["data"]
        return {"instances": [dict(zip(map(str, names), row, strict=True)) for row in rows]}
    if "inputs" in document:
        named = isinstance(document["inputs"], dict)
        return {"inputs": document["inputs"]} if named else {"instances": document["inputs"]}
    return None
