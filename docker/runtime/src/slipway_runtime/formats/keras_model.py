"""Keras files (`.keras`, `.h5`), run by Keras 3 on the backend that is installed."""

import importlib.util
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from slipway_runtime.datatypes import OPEN_INFERENCE
from slipway_runtime.description import ModelDescription, TensorSpec
from slipway_runtime.errors import LoadFailed
from slipway_runtime.formats.arrays import Array
from slipway_runtime.formats.graph_model import GraphModel, Outputs
from slipway_runtime.formats.refusals import refused_by_model
from slipway_runtime.loading import packaged_file
from slipway_runtime.package_imports import make_importable

BACKENDS = ("tensorflow", "jax", "torch")
LARGEST_BATCH = 1024


def load(description: ModelDescription, package: Path) -> GraphModel:
    backend = choose_backend()
    import keras  # which reads its backend once

    make_importable(package, package / "src")
    file = packaged_file(package, description.model_file)
    if backend == "tensorflow":
        from slipway_runtime.formats.tensorflow_threads import limit_threads

        limit_threads()
    try:
        model = keras.saving.load_model(file, compile=False)
    except (TypeError, ValueError, OSError) as error:
        reason = str(error).strip().split("\n")[0]
        raise LoadFailed(f"cannot load {description.model_file}: {reason}") from error
    inputs, outputs = getattr(model, "inputs", None), getattr(model, "outputs", None)
    if not inputs or not outputs:
        raise LoadFailed(
            f"{description.model_file} does not say its inputs: give it an Input layer"
        )
    input_names = [tensor.name for tensor in inputs]
    output_names = list(getattr(model, "output_names", None) or [t.name for t in outputs])
    output_specs = _specs(outputs, output_names)
    by_name = isinstance(getattr(model, "_inputs_struct", None), dict)
    pads = backend == "jax" and all(tensor.shape[0] is None for tensor in inputs)

    def run(feed: Mapping[str, Array]) -> Outputs:
        count = len(next(iter(feed.values())))
        if any(len(array) != count for array in feed.values()):
            raise refused_by_model(ValueError("the inputs have unequal numbers of rows"))
        if count == 0:
            return [np.zeros([0, *(max(d, 0) for d in s.shape[1:])], s.type) for s in output_specs]
        parts = []
        for start in range(0, count, LARGEST_BATCH):
            part = {name: array[start : start + LARGEST_BATCH] for name, array in feed.items()}
            size = min(LARGEST_BATCH, count - start)
            padded = _padded(part, size) if pads else part
            given: Any = dict(padded) if by_name else [padded[name] for name in input_names]
            answer = keras.tree.flatten(
                model.predict_on_batch(given if by_name or len(given) > 1 else given[0])
            )
            parts.append([np.asarray(output)[:size] for output in answer])
        return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]

    return GraphModel(
        run,
        _specs(inputs, input_names),
        output_specs,
        platform=f"keras_{backend}",
        frameworks=("keras", backend, *(["tensorflow-cpu"] * (backend == "tensorflow")), "numpy"),
    )


def choose_backend() -> str:
    """The one that `KERAS_BACKEND` names, else the first that is installed."""
    installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
    if not installed and "KERAS_BACKEND" not in os.environ:
        raise LoadFailed(
            f"Keras needs one of {', '.join(BACKENDS)}: add it to requirements.txt (jax is small)"
        )
    return os.environ.setdefault("KERAS_BACKEND", installed[0] if installed else "jax")


def _padded(part: Mapping[str, Array], size: int) -> Mapping[str, Array]:
    """XLA compiles anew for each size of a batch: with powers of two it does so a few times."""
    missing = (1 << (size - 1).bit_length()) - size
    if missing == 0:
        return part
    return {name: np.concatenate([a, np.repeat(a[-1:], missing, 0)]) for name, a in part.items()}


def _specs(tensors: Sequence[Any], names: Sequence[str]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(name, _type_name(tensor), tuple(-1 if d is None else d for d in tensor.shape))
        for tensor, name in zip(tensors, names, strict=True)
    )


def _type_name(tensor: Any) -> str:
    if tensor.dtype not in OPEN_INFERENCE:
        raise LoadFailed(f"{tensor.name} is a {tensor.dtype}, which no request can carry")
    return str(tensor.dtype)
