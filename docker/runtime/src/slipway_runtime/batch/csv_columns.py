"""The cells of a CSV row → an instance, by what the model says of its inputs.

inputs of the model             instance                    columns of the CSV
several, one value each         object by name              by the header; others are passed by
one, of n values                list                        all, in order
one, of one value               value                       the one of its name, or the only one
not known                       object, or list             all; what reads as a number is one
                                where there is no header
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from slipway_runtime.batch.records import WrongInput
from slipway_runtime.datatypes import ANY, is_float, is_number
from slipway_runtime.described import counted
from slipway_runtime.description import TensorSpec

Cells = Sequence[str]
JSON_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


class BadCell(Exception):
    """The message names the column."""


def instance_reader(
    inputs: Sequence[TensorSpec], header: Sequence[str] | None
) -> Callable[[Cells], Any]:
    """A function that throws `BadCell`. Throws `WrongInput` where the columns cannot fit."""
    for spec in inputs:
        if (
            len(spec.shape) > 1
            and (len(inputs) > 1 or len(spec.shape) > 2)
            and set(spec.shape[1:]) != {1}
        ):
            raise WrongInput(
                f"input {spec.name} has shape {list(spec.shape)}, which no CSV cell can hold; "
                "use JSON lines"
            )
    if not inputs:
        return _free_reader(header)
    if len(inputs) > 1:
        return _named_reader(inputs, header)
    if len(inputs[0].shape) < 2:
        return _single_reader(inputs[0], header)
    return _list_reader(inputs[0])


def _free_reader(header: Sequence[str] | None) -> Callable[[Cells], Any]:
    if header is None:
        return lambda cells: [cell_value(cell, ANY, "") for cell in cells]
    names = list(header)
    return lambda cells: {
        name: cell_value(cell, ANY, name) for name, cell in zip(names, cells, strict=True)
    }


def _named_reader(
    inputs: Sequence[TensorSpec], header: Sequence[str] | None
) -> Callable[[Cells], Any]:
    if header is None:
        return lambda cells: _in_order(cells, inputs)
    positions = [(spec, header.index(spec.name)) for spec in inputs if spec.name in header]
    missing = [s.name for s in inputs if s.name not in header and not s.optional]
    if missing:
        raise WrongInput(f"line 1: the header has no column {missing[0]}")
    return lambda cells: {
        spec.name: cell_value(cells[i], spec.type, spec.name) for spec, i in positions
    }


def _in_order(cells: Cells, inputs: Sequence[TensorSpec]) -> list[Any]:
    if len(cells) != len(inputs):
        raise BadCell(f"expected {counted(len(inputs), 'cell')}, got {len(cells)}")
    return [cell_value(c, s.type, s.name) for c, s in zip(cells, inputs, strict=True)]


def _single_reader(spec: TensorSpec, header: Sequence[str] | None) -> Callable[[Cells], Any]:
    if header is not None and spec.name in header:
        position = header.index(spec.name)
    elif header is None or len(header) == 1:
        position = 0
    else:
        raise WrongInput(f"line 1: the header has no column {spec.name}")

    def read(cells: Cells) -> Any:
        if header is None and len(cells) != 1:
            raise BadCell(f"expected 1 cell, got {len(cells)}")
        return cell_value(cells[position], spec.type, spec.name)

    return read


def _list_reader(spec: TensorSpec) -> Callable[[Cells], Any]:
    width = spec.shape[1]

    def read(cells: Cells) -> list[Any]:
        if width not in (-1, len(cells)):
            raise BadCell(f"expected {counted(width, 'cell')}, got {len(cells)}")
        return [cell_value(cell, spec.type, f"column {i + 1}") for i, cell in enumerate(cells)]

    return read


def cell_value(cell: str, type_name: str, name: str) -> Any:
    """An empty cell is None, for strings too. Throws `BadCell`."""
    if cell == "":
        return None
    if type_name == "string":
        return cell
    text = cell.strip()
    if type_name == "bool":
        if text.lower() in ("true", "false", "1", "0"):
            return text.lower() in ("true", "1")
        raise BadCell(f'{name}: expected true or false, got "{cell}"')
    if JSON_NUMBER.fullmatch(text):
        return json.loads(text)
    if not is_number(type_name):
        return cell
    return _lenient_number(text, type_name, name)


def _lenient_number(text: str, type_name: str, name: str) -> float | int | None:
    """What spreadsheets and Python write and JSON does not have: 007, +1, .5, nan."""
    if text.lower() in ("nan", "na", "null"):
        return None
    try:
        return float(text) if is_float(type_name) else int(text)
    except ValueError:
        raise BadCell(f'{name}: expected a number, got "{text}"') from None
