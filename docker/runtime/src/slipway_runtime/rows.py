"""Instances as callers send them → rows in the order of a model's columns."""

from collections.abc import Mapping, Sequence
from typing import Any

from slipway_runtime.described import counted, described
from slipway_runtime.errors import invalid_instance


def ordered_rows(
    instances: list[Any], names: Sequence[str], optional: frozenset[str] = frozenset()
) -> list[list[Any]]:
    """Each instance, a list in the order of `names` or an object by them, as a list.

    An `optional` column that an object leaves out is None. Throws `RequestError`.
    """
    return [_ordered(instance, names, optional, i) for i, instance in enumerate(instances)]


def _ordered(
    instance: Any, names: Sequence[str], optional: frozenset[str], index: int
) -> list[Any]:
    if isinstance(instance, list):
        if len(instance) != len(names):
            raise invalid_instance(
                f"expected {counted(len(names), 'value')} ({', '.join(names)}), "
                f"got {len(instance)}",
                instance=index,
            )
        return instance
    if not isinstance(instance, dict):
        if len(names) == 1:
            return [instance]
        raise invalid_instance(
            f"expected a list or an object of {', '.join(names)}, got {described(instance)}",
            instance=index,
        )
    if len(instance) != len(names) or not all(name in instance for name in names):
        check_names(instance, names, optional, index)
    return [instance.get(name) for name in names]


def check_names(
    instance: Mapping[str, Any],
    names: Sequence[str],
    optional: frozenset[str] = frozenset(),
    index: int | None = None,
) -> None:
    """Throws `RequestError` for a name that is missing or not known."""
    for name in names:
        if name not in instance and name not in optional:
            raise invalid_instance("is missing", instance=index, field=name)
    known = frozenset(names)
    unknown = next((name for name in instance if name not in known), None)
    if unknown is not None:
        raise invalid_instance(
            f"is not one of the model's inputs, {', '.join(names)}", instance=index, field=unknown
        )


def rows_of(columns: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """Columns of equal length, by name → one object for each row."""
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
