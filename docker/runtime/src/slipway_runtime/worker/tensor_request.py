"""The body of an Open Inference Protocol inference."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slipway_runtime.described import described
from slipway_runtime.tensors import Tensor, tensor_of
from slipway_runtime.worker.predict_request import bad_request


@dataclass(frozen=True)
class InferRequest:
    id: str | None
    inputs: Sequence[Tensor]
    outputs: Sequence[str] | None
    """The names of the outputs that are wanted, None for all."""


def parse_infer_request(document: Any) -> InferRequest:
    """Throws `RequestError`."""
    if not isinstance(document, dict) or not isinstance(document.get("inputs"), list):
        raise bad_request('the body must be an object with a list of "inputs"')
    if not document["inputs"]:
        raise bad_request('"inputs" is empty')
    request_id = document.get("id")
    if request_id is not None and not isinstance(request_id, str):
        raise bad_request(f'"id" must be a string, not {described(request_id)}')
    inputs = [tensor_of(entry) for entry in document["inputs"]]
    names = [tensor.name for tensor in inputs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise bad_request(f"input {twice} is there twice")
    return InferRequest(request_id, inputs, _wanted(document.get("outputs")))


def _wanted(outputs: Any) -> list[str] | None:
    if not outputs:
        return None
    if not isinstance(outputs, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in outputs
    ):
        raise bad_request('"outputs" must be a list of objects with a name')
    return [entry["name"] for entry in outputs]


def selected(outputs: Sequence[Tensor], wanted: Sequence[str] | None) -> Sequence[Tensor]:
    """The wanted outputs, in the order asked for. Throws `RequestError`."""
    if wanted is None:
        return outputs
    by_name = {tensor.name: tensor for tensor in outputs}
    for name in wanted:
        if name not in by_name:
            known = ", ".join(by_name)
            raise bad_request(f"{name} is not one of the model's outputs, {known}")
    return [by_name[name] for name in wanted]
