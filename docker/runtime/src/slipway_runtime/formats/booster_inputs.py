"""Rows → the matrix of numbers that a booster's trees are walked with.

A category is a number there: its position among those that the file keeps. Where it keeps none,
callers send that number themselves.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from slipway_runtime.datatypes import ANY, is_number
from slipway_runtime.described import counted, described
from slipway_runtime.description import Signature, TensorSpec
from slipway_runtime.errors import LoadFailed, invalid_instance
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


def booster_reader(features: Features, signature: Signature | None) -> InputReader:
    """Throws `LoadFailed` for a signature that is not the file's."""
    declared = signature.inputs if signature else ()
    if features.names is None and not features.categories and len(declared) < 2:
        whole = TensorSpec("input", features.element_type, (-1, features.width))
        return _matrix_reader(features, declared[0] if declared else whole)
    return _columns_reader(features, _column_specs(features, declared))


def _matrix_reader(features: Features, spec: TensorSpec) -> InputReader:
    width = features.width
    columns = [TensorSpec("", features.element_type, (-1,))] * width

    def read(instances: list[Any]) -> Array:
        matrix = quick_matrix(instances, width)
        if matrix is None:
            rows = unnamed_rows(instances, spec.name, width)
            matrix = _matrix(rows, features, columns, range(width))
        return _narrowed(matrix, features.element_type, columns, range(width))

    return InputReader((spec,), read)


def _columns_reader(features: Features, specs: tuple[TensorSpec, ...]) -> InputReader:
    place_of = {name: place for place, name in enumerate(features.names or ())}
    order = [place_of[spec.name] if place_of else i for i, spec in enumerate(specs)]
    is_plain = not features.categories and order == list(range(features.width))

    def read(instances: list[Any]) -> Array:
        matrix = quick_matrix(instances, features.width) if is_plain else None
        if matrix is None:
            matrix = _matrix(named_rows(instances, specs), features, specs, order)
        return _narrowed(matrix, features.element_type, specs, order)

    return InputReader(specs, read)


def _column_specs(features: Features, declared: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    own = features.names or [f"f{i}" for i in range(features.width)]
    if not declared:
        return tuple(
            TensorSpec(name, _type_at(features, place), (-1,)) for place, name in enumerate(own)
        )
    if len(declared) != features.width or (
        features.names is not None and {spec.name for spec in declared} != set(own)
    ):
        wanted = (
            f"takes {counted(features.width, 'column')}"
            if features.names is None
            else f"was trained with columns {', '.join(own)}"
        )
        named = ", ".join(spec.name for spec in declared)
        raise LoadFailed(f"the signature has inputs {named}, but the model {wanted}")
    place_of = {name: place for place, name in enumerate(own)}
    return tuple(
        _declared_spec(spec, features, i if features.names is None else place_of[spec.name])
        for i, spec in enumerate(declared)
    )


def _declared_spec(spec: TensorSpec, features: Features, place: int) -> TensorSpec:
    if place in features.categories:
        return replace(spec, type=_type_at(features, place))
    if not (is_number(spec.type) or spec.type == "bool"):
        raise LoadFailed(
            f"the signature says that {spec.name} is {spec.type}, but the model takes numbers"
        )
    return spec


def _type_at(features: Features, place: int) -> str:
    categories = features.categories.get(place)
    if categories is None:
        return features.element_type
    if all(isinstance(value, str) for value in categories):
        return "string"
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in categories)
    return "float64" if numbers else ANY


def _matrix(
    rows: list[list[Any]], features: Features, specs: Sequence[TensorSpec], order: Sequence[int]
) -> Array:
    """`order` has for each of `specs`, which the rows follow, its place among the features."""
    matrix = np.empty((len(rows), features.width))
    for i, (spec, place) in enumerate(zip(specs, order, strict=True)):
        values = [row[i] for row in rows]
        known = features.categories.get(place)
        if known is None:
            matrix[:, place] = column_of(values, spec.type, spec.name or i)
        else:
            matrix[:, place] = _codes(values, known, spec.name or i, features.unknown_is_missing)
    return matrix


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
    matrix: Array, element_type: str, specs: Sequence[TensorSpec], order: Sequence[int]
) -> Array:
    with np.errstate(over="ignore"):
        narrow: Array = matrix.astype(element_type, copy=False)
    infinite = np.isinf(narrow)
    if infinite.any():
        row, place = (int(i) for i in np.argwhere(infinite)[0])
        column = order.index(place)
        raise invalid_instance(
            f"is out of range for {element_type}",
            instance=row,
            field=specs[column].name or column,
        )
    return narrow
