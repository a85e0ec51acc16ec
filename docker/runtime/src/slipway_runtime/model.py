"""What a format must give, so that everything else can be built on it.

A new format is one module in `formats/` with `load(description, package) -> Model`, and one line in
`loading.FORMATS`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from slipway_runtime.description import TensorSpec
from slipway_runtime.tensors import Tensor


class Model(Protocol):
    """A loaded model, ready to predict."""

    platform: str
    """`<project>_<format>`, as the Open Inference Protocol names it."""
    inputs: Sequence[TensorSpec]
    """Empty where neither the model nor its signature says."""
    outputs: Sequence[TensorSpec]
    frameworks: Sequence[str]
    """The distributions whose versions matter to its answers."""

    def predict(self, instances: list[Any]) -> Any:
        """As many predictions as instances, of which there is at least one.

        Throws `RequestError` for an instance the model cannot take; any other exception is
        the model's own.
        """


@runtime_checkable
class ColumnModel(Protocol):
    """A model that takes its inputs apart by name anyway, so that rows would be a detour."""

    def predict_columns(self, columns: Mapping[str, list[Any]]) -> Any:
        """As `predict`, from columns of equal, positive length."""


@runtime_checkable
class TensorModel(Protocol):
    """A model whose own inputs and outputs are named tensors."""

    def infer(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """Throws `RequestError` for a tensor it has no input for, or of a wrong type or shape."""


@runtime_checkable
class ExampleModel(Protocol):
    """A model that may bring an example of its own."""

    example: Any
    """A body of `/predict`, or None."""
