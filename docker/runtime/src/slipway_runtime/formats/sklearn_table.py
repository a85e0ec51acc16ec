"""Instances → what a fitted estimator takes: a matrix, a table with names, or texts."""

import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np

from slipway_runtime.datatypes import ANY, is_number
from slipway_runtime.described import counted, described
from slipway_runtime.description import Signature, TensorSpec
from slipway_runtime.errors import LoadFailed, invalid_instance
from slipway_runtime.formats import sklearn_inputs
from slipway_runtime.formats.arrays import Array
from slipway_runtime.formats.table import (
    InputReader,
    column_of,
    named_rows,
    quick_matrix,
    unnamed_rows,
)


def input_reader(first: Any, signature: Signature | None) -> InputReader:
    """`first` is the estimator that sees the instances: the preprocessor, where there is one."""
    declared = signature.inputs if signature else ()
    if sklearn_inputs.takes_text(first):
        spec = declared[0] if len(declared) == 1 else TensorSpec("text", "string", (-1,))
        return InputReader((spec,), lambda instances: _texts(instances, spec.name))
    if sklearn_inputs.takes_objects(first):
        return InputReader(declared, _objects)
    fitted = [str(name) for name in getattr(first, "feature_names_in_", [])]
    width = getattr(first, "n_features_in_", None)
    if fitted:
        return _named_reader(first, fitted, declared)
    return _matrix_reader(first, width, declared)


def _named_reader(first: Any, fitted: list[str], declared: tuple[TensorSpec, ...]) -> InputReader:
    unknown = [spec.name for spec in declared if spec.name not in fitted]
    if unknown and len(declared) > 1:
        raise LoadFailed(
            f"the signature names {', '.join(unknown)}, but the model was fitted with columns "
            f"{', '.join(fitted)}"
        )
    if declared and not unknown:
        specs = declared
    else:
        types = sklearn_inputs.column_types(first, len(fitted), fitted)
        unused = sklearn_inputs.unused_columns(first, len(fitted), fitted)
        specs = tuple(
            TensorSpec(name, types[i], (-1,), optional=i in unused) for i, name in enumerate(fitted)
        )
    if importlib.util.find_spec("pandas"):
        return InputReader(specs, lambda instances: _frame(instances, specs))
    if sklearn_inputs.column_transformer(first) or any(spec.type == "string" for spec in specs):
        raise LoadFailed(
            "the model takes its columns by name, for which it needs pandas: "
            "add pandas to requirements.txt"
        )
    return InputReader(specs, lambda instances: _matrix_of(named_rows(instances, specs), specs))


def _matrix_reader(first: Any, width: int | None, declared: tuple[TensorSpec, ...]) -> InputReader:
    if len(declared) > 1:
        if width not in (None, len(declared)):
            raise LoadFailed(
                f"the signature has {len(declared)} inputs, but the model was fitted with "
                f"{counted(width or 0, 'column')}"
            )
        specs: Sequence[TensorSpec] = declared
        inputs = declared
    else:
        types = sklearn_inputs.column_types(first, width or 0, [])
        specs = [TensorSpec("", type_name, (-1,)) for type_name in types]
        whole = types[0] if len(set(types)) == 1 else ANY
        inputs = declared or (TensorSpec("input", whole, (-1, width or -1)),)
    name = inputs[0].name if len(inputs) == 1 else None
    numbers = all(is_number(spec.type) for spec in specs)

    def read(instances: list[Any]) -> Array:
        quick = quick_matrix(instances, width) if numbers else None
        if quick is not None:
            return quick
        if name is None:
            return _matrix_of(named_rows(instances, specs), specs)
        rows = unnamed_rows(instances, name, width)
        return _matrix_of(rows, specs or [TensorSpec("", ANY, (-1,))] * len(rows[0]))

    return InputReader(tuple(inputs), read)


def _matrix_of(rows: list[list[Any]], specs: Sequence[TensorSpec]) -> Array:
    for index, row in enumerate(rows):
        if len(row) != len(specs):
            raise invalid_instance(f"expected {len(specs)} values, got {len(row)}", instance=index)
    columns = [
        column_of([row[i] for row in rows], spec.type, spec.name or i)
        for i, spec in enumerate(specs)
    ]
    if all(column.dtype.kind == "f" for column in columns):
        return np.column_stack(columns)
    matrix = np.empty((len(rows), len(specs)), dtype=object)
    for i, column in enumerate(columns):
        matrix[:, i] = column
    return matrix


def _frame(instances: list[Any], specs: Sequence[TensorSpec]) -> Any:
    import pandas

    rows = named_rows(instances, specs)
    columns: dict[str, Any] = {}
    for i, spec in enumerate(specs):
        column = column_of([row[i] for row in rows], spec.type, spec.name)
        if column.dtype == object and not all(value != value for value in column):
            # pandas finds the dtype as it does for a file: that is what the model was fitted with.
            columns[spec.name] = column.tolist()
        else:
            columns[spec.name] = column
    return pandas.DataFrame(columns)


def _texts(instances: list[Any], name: str) -> list[str]:
    texts = []
    for index, instance in enumerate(instances):
        if isinstance(instance, dict) and list(instance) == [name]:
            instance = instance[name]
        elif isinstance(instance, list) and len(instance) == 1:
            instance = instance[0]
        if not isinstance(instance, str):
            raise invalid_instance(f"expected a string, got {described(instance)}", instance=index)
        texts.append(instance)
    return texts


def _objects(instances: list[Any]) -> list[Any]:
    for index, instance in enumerate(instances):
        if not isinstance(instance, dict):
            raise invalid_instance(f"expected an object, got {described(instance)}", instance=index)
    return instances
