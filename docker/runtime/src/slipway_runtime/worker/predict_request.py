"""The body of `POST /predict`: `{"instances": [...]}`, or `{"inputs": {name: column}}`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway_runtime.described import described
from slipway_runtime.errors import RequestError


@dataclass(frozen=True)
class Rows:
    instances: list[Any]


@dataclass(frozen=True)
class Columns:
    by_name: Mapping[str, list[Any]]


def parse_predict_request(document: Any) -> Rows | Columns:
    """Throws `RequestError`."""
    if not isinstance(document, dict):
        raise bad_request(f"the body must be an object, not {described(document)}")
    if len(document) != 1 or next(iter(document)) not in ("instances", "inputs"):
        unknown = [key for key in document if key not in ("instances", "inputs")]
        reason = f'unknown field "{unknown[0]}": ' if unknown else ""
        raise bad_request(f'{reason}the body must have exactly one of "instances" and "inputs"')
    if "inputs" in document:
        return columns_of(document["inputs"])
    if not isinstance(document["instances"], list):
        raise bad_request(f'"instances" must be a list, not {described(document["instances"])}')
    return Rows(document["instances"])


def columns_of(inputs: Any) -> Columns:
    if not isinstance(inputs, dict) or not inputs:
        raise bad_request(f'"inputs" must be an object of columns by name, not {described(inputs)}')
    first, length = next(iter(inputs)), None
    for name, column in inputs.items():
        if not isinstance(column, list):
            raise bad_request(f"expected a list, got {described(column)}", field=name)
        length = len(column) if length is None else length
        if len(column) != length:
            raise bad_request(
                f"has {len(column)} values, but {first} has {length}: columns are equally long",
                field=name,
            )
    return Columns(inputs)


def bad_request(message: str, *, field: str | None = None) -> RequestError:
    return RequestError("invalid_request", message, field=field)
