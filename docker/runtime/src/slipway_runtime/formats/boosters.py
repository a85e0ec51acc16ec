"""What XGBoost and LightGBM share: rows → the matrix of numbers that trees are walked with.

A category is a number there: its position among those that the file keeps. Where it keeps none,
callers send that number themselves.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from slipway_runtime.datatypes import ANY, is_number
from slipway_runtime.described import counted, described
from slipway_runtime.description import Signature, TensorSpec
from slipway_runtime.errors import LoadFailed, invalid_instance
from slipway_runtime.example_request import instance_of
from slipway_runtime.formats.arrays import Array
from slipway_runtime.formats.table import (
    InputReader,
    column_of,
    named_rows,
    quick_matrix,
    unnamed_rows,
)


@dataclass(frozen=True)
class Features:
    """What a booster was trained with, as its file says."""

    width: int
    names: Sequence[str] | None
    """None where the columns had none."""
    element_type: str
    """What the trees compare: float32 or float64."""
    categories: Mapping[int, Sequence[Any]] = field(default_factory=dict)
    """By column, those of it that the file keeps."""
    unknown_is_missing: bool = False
    """Whether a category that the file does not know counts as missing, or is refused."""


class BoosterModel:
    def __init__(
        self,
        features: Features,
        signature: Signature | None,
        answer: Callable[[Array], Array],
        *,
        platform: str,
        frameworks: Sequence[str],
        thread_safe: bool,
    ) -> None:
        self.platform = platform
        self.frameworks = frameworks
        self.thread_safe = thread_safe
        reader = booster_reader(features, signature)
        self.inputs = reader.inputs
        self.example = _example(reader.inputs, features)
        self._read = reader.read
        self._answer = answer
        # No file says what comes out: a row of nothing but missing values shows it, and warms up.
        answered = answer(np.full((1, features.width), math.nan, dtype=features.element_type))
        found = TensorSpec("prediction", str(answered.dtype), (-1, *answered.shape[1:]))
        self.outputs = signature.outputs if signature and signature.outputs else (found,)

    def predict(self, instances: list[Any]) -> Array:
        return self._answer(self._read(instances))


def booster_reader(features: Features, signature: Signature | None) -> InputReader:
    """Throws `LoadFailed` for a signature that is not the file's."""
    declared = signature.inputs if signature else ()
    width, names = features.width, features.names
    if names is None and len(declared) in (0, 1) and not features.categories:
        whole = TensorSpec("input", features.element_type, (-1, width))
        inputs = declared or (whole,)
        columns = [TensorSpec("", features.element_type, (-1,))] * width
    else:
        inputs = _column_specs(features, declared)
        columns = list(inputs)
    order = [i if names is None else list(names).index(s.name) for i, s in enumerate(columns)]
    plain = not features.categories and order == list(range(width))

    def read(instances: list[Any]) -> Array:
        matrix = quick_matrix(instances, width) if plain else None
        if matrix is None:
            rows = (
                unnamed_rows(instances, inputs[0].name, width)
                if not columns[0].name
                else named_rows(instances, inputs)
            )
            matrix = np.empty((len(rows), width))
            for i, (spec, place) in enumerate(zip(columns, order, strict=True)):
                values = [row[i] for row in rows]
                known = features.categories.get(place)
                name = spec.name or i
                matrix[:, place] = (
                    column_of(values, spec.type, name)
                    if known is None
                    else _codes(values, known, name, features.unknown_is_missing)
                )
        return _narrowed(matrix, features.element_type, [spec.name for spec in columns], order)

    return InputReader(tuple(inputs), read)


def _column_specs(features: Features, declared: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    types = [
        features.element_type if i not in features.categories else _type_of(features.categories[i])
        for i in range(features.width)
    ]
    own = features.names or [f"f{i}" for i in range(features.width)]
    if not declared:
        return tuple(TensorSpec(n, t, (-1,)) for n, t in zip(own, types, strict=True))
    if len(declared) != features.width or (
        features.names is not None and {spec.name for spec in declared} != set(own)
    ):
        raise LoadFailed(
            f"the signature has inputs {', '.join(spec.name for spec in declared)}, but the model "
            + (
                f"was trained with columns {', '.join(own)}"
                if features.names is not None
                else f"takes {counted(features.width, 'column')}"
            )
        )
    return tuple(
        _declared_spec(spec, features, own.index(spec.name) if features.names is not None else i)
        for i, spec in enumerate(declared)
    )


def _declared_spec(spec: TensorSpec, features: Features, place: int) -> TensorSpec:
    if place in features.categories:
        return replace(spec, type=_type_of(features.categories[place]))
    if not (is_number(spec.type) or spec.type == "bool"):
        raise LoadFailed(
            f"the signature says that {spec.name} is {spec.type}, but the model takes numbers"
        )
    return spec


def _example(inputs: Sequence[TensorSpec], features: Features) -> Any:
    """A body of `/predict`, where not every number will do."""
    if not features.categories:
        return None
    names = features.names or [spec.name for spec in inputs]
    known = {names[i]: categories[0] for i, categories in features.categories.items()}
    return {"instances": [{**instance_of(inputs), **known}]}


def _type_of(categories: Sequence[Any]) -> str:
    if all(isinstance(value, str) for value in categories):
        return "string"
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in categories)
    return "float64" if numbers else ANY


def _codes(
    values: list[Any], known: Sequence[Any], name: str | int, unknown_is_missing: bool
) -> Array:
    code_of = {category: code for code, category in enumerate(known)}
    codes = np.full(len(values), math.nan)
    for index, value in enumerate(values):
        if value is None:
            continue
        is_value = isinstance(value, str | int | float)
        if is_value and value in code_of:
            codes[index] = code_of[value]
        elif not (unknown_is_missing and is_value and isinstance(value, str) == _are_texts(known)):
            shown = ", ".join(str(category) for category in known[:10])
            more = " …" if len(known) > 10 else ""
            raise invalid_instance(
                f"expected one of {shown}{more}, got {described(value)}", instance=index, field=name
            )
    return codes


def _are_texts(known: Sequence[Any]) -> bool:
    return any(isinstance(category, str) for category in known)


def _narrowed(
    matrix: Array, element_type: str, names: Sequence[str], order: Sequence[int]
) -> Array:
    if element_type == "float64":
        return matrix
    with np.errstate(over="ignore"):
        narrow = matrix.astype(element_type)
    infinite = np.isinf(narrow)
    if infinite.any():
        row, place = (int(i) for i in np.argwhere(infinite)[0])
        column = order.index(place)
        raise invalid_instance(
            f"is out of range for {element_type}", instance=row, field=names[column] or column
        )
    return narrow
