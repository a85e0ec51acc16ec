"""A request's body: of the one type that is understood, of bounded size, within bounded time."""

import anyio
from starlette.requests import Request

from slipway_runtime.errors import RequestError
from slipway_runtime.settings import Settings

LARGE_BODIES = 4
"""So many of the largest allowed may be held at once; smaller ones in proportion."""


def require_json(request: Request) -> None:
    """Throws `RequestError` (415). A request that names no type is taken for JSON."""
    content_type = request.headers.get("content-type", "application/json")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise _unsupported(f"send Content-Type: application/json, not {media_type}")
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise _unsupported(f"send the body as it is, not with Content-Encoding: {encoding}")


def _unsupported(message: str) -> RequestError:
    return RequestError("unsupported_media_type", message, status=415)


class BodyReader:
    """Reads bodies whole, and knows how much of them is held: a queue of large ones would else take
    all memory."""

    def __init__(self, settings: Settings) -> None:
        self._limit_bytes = settings.max_body_bytes
        self._timeout_seconds = settings.body_timeout_seconds
        self._held_bytes = 0

    async def read(self, request: Request) -> bytes:
        """To be released. Throws `RequestError`: 413 as soon as the body is known to be larger than
        the limit, 408 when it is not there in time, 503 where others' bodies leave no room."""
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._limit_bytes:
            raise self._too_large()
        parts: list[bytes] = []
        size_bytes = 0
        try:
            with anyio.fail_after(self._timeout_seconds):
                async for part in request.stream():
                    size_bytes += len(part)
                    self._held_bytes += len(part)
                    parts.append(part)
                    if size_bytes > self._limit_bytes:
                        raise self._too_large()
                    if self._held_bytes > LARGE_BODIES * self._limit_bytes:
                        raise RequestError(
                            "overloaded", "too many large requests are held already", status=503
                        )
        except TimeoutError:
            self._held_bytes -= size_bytes
            raise RequestError(
                "body_timeout",
                f"the body was not there within {self._timeout_seconds} s (BODY_TIMEOUT_SECONDS)",
                status=408,
            ) from None
        except BaseException:
            self._held_bytes -= size_bytes
            raise
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def release(self, body: bytes) -> None:
        self._held_bytes -= len(body)

    def _too_large(self) -> RequestError:
        return RequestError(
            "body_too_large",
            f"the body is larger than {self._limit_bytes} bytes (MAX_BODY_BYTES)",
            status=413,
        )
