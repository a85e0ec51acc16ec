"""A request's body, of bounded size and of the one type that is understood."""

from starlette.requests import Request

from slipway_runtime.errors import RequestError


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


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """Throws `RequestError` (413) as soon as the body is known to be larger than the limit."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit_bytes:
        raise _too_large(limit_bytes)
    parts = []
    size_bytes = 0
    async for part in request.stream():
        size_bytes += len(part)
        if size_bytes > limit_bytes:
            raise _too_large(limit_bytes)
        parts.append(part)
    return b"".join(parts)


def _too_large(limit_bytes: int) -> RequestError:
    return RequestError(
        "body_too_large",
        f"the body is larger than {limit_bytes} bytes (MAX_BODY_BYTES)",
        status=413,
    )
