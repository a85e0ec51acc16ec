"""What can go wrong, by what a caller would do about it. Every message says what to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class SlipwayError(Exception):
    """`status` and `request_id` are None where no answer came; `code` is the last part of the
    problem's `type` (RFC 9457), `errors` every single fault as `{"where", "message"}`."""

    def __init__(
        self,
        detail: str,
        *,
        code: str,
        status: int | None = None,
        request_id: str | None = None,
        errors: Sequence[Mapping[str, str]] = (),
        retry_after: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.status = status
        self.request_id = request_id
        self.errors = tuple(errors)
        self.retry_after = retry_after

    def __str__(self) -> str:
        lines = [self.detail]
        lines += [f"  {fault.get('where')}: {fault.get('message')}" for fault in self.errors]
        about = ", ".join(
            str(part)
            for part in (self.status, self.code, self.request_id and f"request {self.request_id}")
            if part
        )
        return "\n".join(lines) + f" [{about}]"


class Unreachable(SlipwayError):
    """No answer of Slipway: nothing listens there, the connection ends, another server answers."""


class Unauthenticated(SlipwayError):
    """No token, or one that is not good for anything."""


class Forbidden(SlipwayError):
    """A right is missing; the message names it."""


class PromotionRefused(SlipwayError):
    """A policy of the tag does not let the version through. `errors` has each rule that does not
    hold."""


class NotFound(SlipwayError):
    """No such model, version, file, build or tag, or none that the token may see."""


class Conflict(SlipwayError):
    """A name or number that is taken, or a state that forbids it."""


class Invalid(SlipwayError):
    """What was given is wrong: a folder that cannot be pushed, a package that cannot be served."""


class BuildFailed(SlipwayError):
    """The version is sealed, and its image was not made."""


class StillBuilding(SlipwayError):
    """The time given for waiting is over; the build goes on."""


class Damaged(SlipwayError):
    """Bytes that came are not those of the file's digest. Nothing of them was kept."""


class NotLoadable(SlipwayError):
    """A model that this client does not turn into an object; the message says how to have it."""


_BY_STATUS = {
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    412: Conflict,
    413: Invalid,
    422: Invalid,
}


def error_of(status: int, problem: Mapping[str, Any], headers: Mapping[str, str]) -> SlipwayError:
    """Of an answer that is a problem (RFC 9457)."""
    code = str(problem.get("type", "")).rsplit("/", 1)[-1] or "unknown"
    about: dict[str, Any] = {
        "code": code,
        "status": status,
        "request_id": problem.get("instance") or headers.get("x-request-id"),
        "errors": problem.get("errors") or (),
        "retry_after": headers.get("retry-after"),
    }
    detail = str(problem.get("detail") or problem.get("title") or f"it answered {status}")
    if code == "promotion_refused":
        return PromotionRefused(detail, **about)
    return _BY_STATUS.get(status, SlipwayError)(detail, **about)
