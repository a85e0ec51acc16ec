"""TensorFlow's SavedModel folders, by their `serving_default` signature."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow

from slipway_runtime.datatypes import OPEN_INFERENCE
from slipway_runtime.description import ModelDescription, Signature, TensorSpec
from slipway_runtime.errors import LoadFailed
from slipway_runtime.formats.arrays import Array
from slipway_runtime.formats.graph_model import GraphModel, Outputs
from slipway_runtime.formats.refusals import refused_by_model
from slipway_runtime.formats.tensorflow_threads import limit_threads
from slipway_runtime.loading import packaged_file

DEFAULT = "serving_default"


def load(description: ModelDescription, package: Path) -> GraphModel:
    limit_threads()
    folder = packaged_file(package, description.model_file)
    try:
        loaded = tensorflow.saved_model.load(str(folder))
    except (OSError, ValueError, tensorflow.errors.OpError) as error:
        reason = str(error).strip().split("\n")[0]
        raise LoadFailed(f"cannot load {description.model_file}: {reason}") from error
    signature = _signature_name(loaded.signatures)
    function = loaded.signatures[signature]
    tensors = function.structured_input_signature[1]  # by name: it takes none by position

    def run(feed: Mapping[str, Array]) -> Outputs:
        given = {name: tensorflow.constant(array) for name, array in feed.items()}
        try:
            # By way of `loaded`: a function holds the variables by weak references alone.
            answer = loaded.signatures[signature](**given)
        except tensorflow.errors.InvalidArgumentError as error:
            raise refused_by_model(error, lines=1) from error
        return {name: _plain(tensor.numpy()) for name, tensor in answer.items()}

    return GraphModel(
        run,
        in_order_of(description.signature, _specs(tensors)),
        _specs(function.structured_outputs),
        platform="tensorflow_savedmodel",
        frameworks=("tensorflow", "tensorflow-cpu", "numpy"),
        of_any_shape=frozenset(n for n, tensor in tensors.items() if tensor.shape.rank is None),
    )


def _signature_name(signatures: Mapping[str, Any]) -> str:
    if DEFAULT in signatures:
        return DEFAULT
    if len(signatures) == 1:
        return next(iter(signatures))
    found = ", ".join(signatures) or "none"
    raise LoadFailed(
        f"the SavedModel has no signature {DEFAULT} (it has {found}): export it with "
        "model.export(folder), or tf.saved_model.save(model, folder, signatures=…)"
    )


def in_order_of(
    signature: Signature | None, inputs: tuple[TensorSpec, ...]
) -> tuple[TensorSpec, ...]:
    """The file has its inputs by name, in no order: here they have the alphabet's. A signature of
    the same names gives them another, which counts for instances that are lists."""
    names = [spec.name for spec in signature.inputs] if signature else []
    if sorted(names) != sorted(spec.name for spec in inputs):
        return inputs
    return tuple(sorted(inputs, key=lambda spec: names.index(spec.name)))


def _specs(tensors: Mapping[str, Any]) -> tuple[TensorSpec, ...]:
    specs = []
    for name, tensor in sorted(tensors.items()):
        type_name = tensor.dtype.name
        if type_name not in OPEN_INFERENCE:
            raise LoadFailed(f"{name} is a {type_name}, which no request can carry")
        rank = tensor.shape.rank
        sizes = (-1,) if rank is None else tuple(-1 if d is None else d for d in tensor.shape)
        specs.append(TensorSpec(name, type_name, sizes))
    return tuple(specs)


def _plain(output: Any) -> Array:
    """TensorFlow's strings are bytes."""
    array: Array = np.asarray(output)
    if array.dtype.kind not in "OS":
        return array
    texts = np.empty(array.size, dtype=object)
    texts[:] = [item.decode("utf-8", "replace") for item in array.reshape(-1).tolist()]
    return texts.reshape(array.shape)
