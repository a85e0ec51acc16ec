"""What `predict` of a fitted estimator returns, as far as fitting left word of it."""

from typing import Any

from slipway_runtime.datatypes import ANY, OPEN_INFERENCE
from slipway_runtime.description import Signature, TensorSpec


def output_specs(estimator: Any, signature: Signature | None) -> tuple[TensorSpec, ...]:
    if signature is not None and signature.outputs:
        return signature.outputs
    labels = getattr(estimator, "classes_", None)
    if labels is None:
        labels = getattr(estimator, "labels_", None)
    if isinstance(labels, list):  # one array of classes for each of several outputs
        kinds = {_type_name(each) for each in labels}
        return (_spec(kinds.pop() if len(kinds) == 1 else ANY, (-1, len(labels))),)
    if labels is not None:
        return (_spec(_type_name(labels), (-1,)),)
    outputs = getattr(estimator, "n_outputs_", 1)
    return (_spec("float64", (-1,) if outputs == 1 else (-1, outputs)),)


def _spec(type_name: str, shape: tuple[int, ...]) -> TensorSpec:
    return TensorSpec("prediction", type_name, shape)


def _type_name(labels: Any) -> str:
    if labels.dtype.kind in "OU":
        return "string" if all(isinstance(label, str) for label in labels) else ANY
    return str(labels.dtype) if str(labels.dtype) in OPEN_INFERENCE else ANY
