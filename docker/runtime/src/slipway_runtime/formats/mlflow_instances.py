"""Instances → what a python_function over a table is given.

columns            a data frame, each column of its type
type hints         the list of instances as it is
no signature       objects make a data frame, everything else an array
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas

from slipway_runtime.datatypes import ANY
from slipway_runtime.described import described
from slipway_runtime.description import TensorSpec
from slipway_runtime.errors import invalid_instance
from slipway_runtime.formats.arrays import BadElement, to_array
from slipway_runtime.formats.table import column_of, named_rows

PARSED = {
    "datetime": (pandas.Timestamp, "a date and time (ISO 8601)"),
    "binary": (lambda text: base64.b64decode(text, validate=True), "bytes in Base64"),
}
"""What JSON has as text, by MLflow's name for its type."""


def mlflow_reader(
    schema: Any, inputs: Sequence[TensorSpec], *, from_type_hint: bool
) -> Callable[[list[Any]], Any]:
    """`schema` is None where the inputs are those of `slipway.yaml`, or nobody's."""
    if from_type_hint:
        return lambda instances: instances
    if not inputs:
        return _untyped
    kinds = [getattr(c.type, "name", "") for c in schema.inputs] if schema else [""] * len(inputs)
    named = schema is None or schema.has_input_names()

    def frame(instances: list[Any]) -> Any:
        rows = named_rows(instances, inputs)
        columns: dict[Any, Any] = {}
        for i, (spec, kind) in enumerate(zip(inputs, kinds, strict=True)):
            values = [row[i] for row in rows]
            if not (spec.optional and all(value is None for value in values)):
                columns[spec.name if named else i] = _column(values, spec, kind)
        return pandas.DataFrame(columns, index=range(len(rows)))

    return frame


def _column(values: list[Any], spec: TensorSpec, kind: str) -> Any:
    if spec.type == ANY:
        return pandas.Series(values, dtype=object)
    if spec.type == "string":
        texts = [None if v != v else v for v in column_of(values, "string", spec.name)]
        if kind in PARSED:
            texts = [_parsed(text, kind, spec.name, i) for i, text in enumerate(texts)]
        return pandas.Series(texts, dtype=None if kind == "datetime" else object)
    try:
        array = to_array(values, spec.type)
    except BadElement as error:
        raise invalid_instance(error.message, instance=error.index[0], field=spec.name) from None
    if array.ndim != 1:
        raise invalid_instance(
            f"expected a single value, got {described(values[0])}", instance=0, field=spec.name
        )
    return array


def _parsed(text: str | None, kind: str, name: str, index: int) -> Any:
    parse, wanted = PARSED[kind]
    try:
        return None if text is None else parse(text)
    except (ValueError, OverflowError):
        raise invalid_instance(
            f"expected {wanted}, got {described(text)}", instance=index, field=name
        ) from None


def _untyped(instances: list[Any]) -> Any:
    if all(isinstance(instance, dict) for instance in instances):
        return pandas.DataFrame.from_records(instances)
    try:
        return np.array(instances)
    except ValueError:  # ragged
        raise invalid_instance("the instances differ in shape") from None
