"""What comes of a move of a tag."""

from __future__ import annotations

import httpx

from slipway_client.connection import Connection
from slipway_client.documents import Promotion, Tag
from slipway_client.wire import read


def moved(connection: Connection, answer: httpx.Response) -> Tag | Promotion:
    document = connection.document_in(answer)
    if answer.status_code == 202:
        return read(Promotion, document)
    return read(Tag, document)
