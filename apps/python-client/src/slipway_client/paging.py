"""Lists of the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from slipway_client.connection import Connection


def items(connection: Connection, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    """Of all pages, each asked for when it is reached. What is None is not asked for."""
    asked = {"limit": 100, **{key: value for key, value in query.items() if value is not None}}
    cursor: str | None = None
    while True:
        page = connection.get(path, asked if cursor is None else {**asked, "cursor": cursor})
        yield from page["items"]
        cursor = page["nextCursor"]
        if cursor is None:
            return
