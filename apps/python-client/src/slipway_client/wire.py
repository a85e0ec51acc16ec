"""From the JSON of an answer to a value of `documents.py`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import cache
from typing import Any, Callable, TypeVar, Union, get_args, get_origin, get_type_hints

from slipway_client.errors import SlipwayError

T = TypeVar("T")


def read(kind: Callable[..., T], document: Mapping[str, Any]) -> T:
    """Unknown fields are passed over. Throws `SlipwayError` where one is missing that has no
    default."""
    values: dict[str, Any] = {}
    for name, wire_name, hint, is_needed in _fields_of(kind):
        if wire_name in document:
            values[name] = _value(hint, document[wire_name])
        elif is_needed:
            raise SlipwayError(
                f"the service's answer has no {wire_name}: "
                "this client and the service are too far apart in age",
                code="unexpected_answer",
            )
    return kind(**values)


@cache
def _fields_of(kind: Any) -> list[tuple[str, str, Any, bool]]:
    hints = get_type_hints(kind)
    missing = dataclasses.MISSING
    return [
        (
            one.name,
            _camel(one.name),
            hints[one.name],
            one.default is missing and one.default_factory is missing,
        )
        for one in dataclasses.fields(kind)
    ]


def _camel(name: str) -> str:
    first, *others = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in others)


def _value(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if get_origin(hint) is Union:
        hint = next(arm for arm in get_args(hint) if arm is not type(None))
    if hint is datetime:
        return datetime.fromisoformat(value.replace("Z", "+00:00"))  # which 3.10 does not know
    if get_origin(hint) is tuple:
        return tuple(_value(get_args(hint)[0], item) for item in value)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return read(hint, value)
    return value


def moment(at: datetime) -> str:
    """RFC 3339 in UTC; a time without a zone is taken as local, as Python does."""
    return at.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
