"""Where the service is and who asks, from arguments or the environment."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from slipway_client.errors import Invalid

DEFAULT_URL = "http://127.0.0.1:7070"


def service_url(given: str | None) -> str:
    """Without a `/` or `/v1` at its end. Throws `Invalid`."""
    text = (given or os.environ.get("SLIPWAY_URL") or DEFAULT_URL).strip()
    try:
        httpx.URL(text)  # is the stricter of the two
        parts = urlsplit(text)
    except (httpx.InvalidURL, ValueError):
        parts = urlsplit("")
    if " " in parts.netloc or parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid(
            "the address of Slipway begins with http:// or https://, as in "
            "https://slipway.example.com: look at SLIPWAY_URL",
            code="invalid_url",
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise Invalid(
            "the address of Slipway holds a login or a query: give the token in SLIPWAY_TOKEN",
            code="invalid_url",
        )
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path[:-3] if path.endswith('/v1') else path}"


def service_token(given: str | None) -> str | None:
    """None where none is set: a service on loopback wants none. Throws `Invalid`."""
    token = given if given is not None else os.environ.get("SLIPWAY_TOKEN")
    file = os.environ.get("SLIPWAY_TOKEN_FILE")
    if not token and file:
        try:
            token = Path(file).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise Invalid(
                f"SLIPWAY_TOKEN_FILE names {file}, which cannot be read: {reason}",
                code="invalid_token",
            ) from None
    token = (token or "").strip()
    if not all("!" <= character <= "~" for character in token):
        raise Invalid(
            "the token holds a space or a character that no token has: copy it again, whole",
            code="invalid_token",
        )
    return token or None
