"""TorchScript files, run by the torch that is installed.

A file has the names of its inputs (those of `forward`), not their types and shapes. Those are the
signature's:

    as many inputs as forward has       each is one, by name where the names are the same
    several single values, one tensor   columns of that tensor, in their order
    no signature                        float32, of any shape
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from slipway_runtime.datatypes import is_number
from slipway_runtime.description import ModelDescription, Signature, TensorSpec
from slipway_runtime.errors import LoadFailed
from slipway_runtime.formats.arrays import Array
from slipway_runtime.formats.graph_model import GraphModel, Outputs
from slipway_runtime.formats.refusals import refused_by_model
from slipway_runtime.library_environment import thread_limit
from slipway_runtime.loading import packaged_file

OUT_OF_MEMORY = ("allocate memory", "out of memory")


def load(description: ModelDescription, package: Path) -> GraphModel:
    torch.set_num_threads(thread_limit())
    file = packaged_file(package, description.model_file)
    try:
        module = torch.jit.load(str(file), map_location="cpu").eval()
    except RuntimeError as error:
        reason = str(error).strip().split("\n")[0]
        raise LoadFailed(
            f"cannot load {description.model_file} as TorchScript: {reason}; save it with "
            "torch.jit.script(model).save(path), or torch.jit.trace"
        ) from error
    arguments = tensor_arguments(module)
    inputs, arrange = arranged(arguments, description.signature)
    signature = description.signature

    def run(feed: Mapping[str, Array]) -> Outputs:
        tensors = [torch.from_numpy(np.ascontiguousarray(array)) for array in arrange(feed)]
        try:
            with torch.inference_mode():
                return _arrays(module(*tensors))
        except RuntimeError as error:
            if any(words in str(error) for words in OUT_OF_MEMORY):
                raise
            # How torch says that a shape or type does not fit: what it means comes last.
            last = str(error).strip().split("\n")[-1]
            raise refused_by_model(ValueError(last)) from error

    return GraphModel(
        run,
        inputs,
        signature.outputs if signature else (),
        platform="pytorch_torchscript",
        frameworks=("torch", "numpy"),
        of_any_shape=frozenset() if signature and signature.inputs else frozenset(arguments),
    )


def tensor_arguments(module: Any) -> list[str]:
    """Names of the tensors that `forward` takes. Throws `LoadFailed` where it needs more."""
    names = []
    for argument in module.forward.schema.arguments[1:]:  # after self
        if str(argument.type) in ("Tensor", "Optional[Tensor]"):
            names.append(argument.name)
        elif not argument.has_default_value():
            raise LoadFailed(
                f"forward takes {argument.name}, a {argument.type}: only tensors are served; "
                "add a src/predictor.py with a Predictor"
            )
    return names


def arranged(
    arguments: Sequence[str], signature: Signature | None
) -> tuple[tuple[TensorSpec, ...], Callable[[Mapping[str, Array]], list[Array]]]:
    """The inputs, and how arrays by their names become what `forward` takes."""
    declared = signature.inputs if signature else ()
    if not declared:
        declared = tuple(TensorSpec(name, "float32", (-1,)) for name in arguments)
    names = [spec.name for spec in declared]
    if set(names) == set(arguments):
        return declared, lambda feed: [feed[name] for name in arguments]
    if len(names) == len(arguments):
        return declared, lambda feed: [feed[name] for name in names]
    if len(arguments) == 1 and all(s.shape == (-1,) and is_number(s.type) for s in declared):
        types = {spec.type for spec in declared}
        whole = types.pop() if len(types) == 1 else "float32"
        return declared, lambda feed: [_stacked([feed[name] for name in names]).astype(whole)]
    raise LoadFailed(
        f"the signature has inputs {', '.join(names)}, but forward takes {', '.join(arguments)}"
    )


def _stacked(columns: list[Array]) -> Array:
    if len({len(column) for column in columns}) > 1:
        raise refused_by_model(ValueError("the inputs have unequal numbers of rows"))
    return np.column_stack(columns)


def _arrays(answer: Any) -> Outputs:
    if isinstance(answer, Mapping):
        return {str(name): _array(value) for name, value in answer.items()}
    if isinstance(answer, list | tuple):
        return [_array(value) for value in answer]
    return [_array(answer)]


def _array(value: Any) -> Array:
    if isinstance(value, torch.Tensor):
        array: Array = value.detach().numpy()
        return array
    return np.asarray(value)
