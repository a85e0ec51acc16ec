"""Requests to one service: asked again while it restarts, its problems as errors."""

from __future__ import annotations

import copy
import json
import ssl
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Callable
from urllib.parse import quote

import httpx

from slipway_client.errors import SlipwayError, Unreachable, error_of
from slipway_client.patience import Patience

Body = Callable[[], Iterator[bytes]]
Query = Mapping[str, Any]

PASSING_STATUSES = {423, 429, 502, 503, 504}
PASSING_CODES = {"request_in_progress"}

# Long enough for the seal of a package of thousands of files; a stream has events in between.
TIMEOUT = httpx.Timeout(connect=10, read=120, write=60, pool=None)


class Connection:
    """Used by several threads. What was never reached is not asked again: its address is wrong, or
    it does not run."""

    def __init__(self, url: str, token: str | None, retry_seconds: float, agent: str) -> None:
        headers = {"user-agent": agent, "accept": "application/json"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        self.url = url
        self.stop = threading.Event()
        self._has_token = token is not None
        self._retry_seconds = retry_seconds
        self._reached = False
        self._http = httpx.Client(
            headers=headers, timeout=TIMEOUT, limits=httpx.Limits(max_connections=None)
        )

    def apart(self) -> Connection:
        """The same for one piece of work, which is stopped by itself."""
        other = copy.copy(self)
        other.stop = threading.Event()
        return other

    def close(self) -> None:
        self._http.close()

    def patience(self) -> Patience:
        return Patience(self._retry_seconds, self.stop)

    def get(self, path: str, query: Query | None = None) -> Any:
        return self.document_in(self.ask("GET", path, query=query))

    def document_in(self, answer: httpx.Response) -> Any:
        """Throws `Unreachable` where it is none: of what is no Slipway."""
        try:
            return answer.json()
        except ValueError:
            raise self._stranger(answer) from None

    def post(self, path: str, document: Any = None, *, key: str | None = None) -> httpx.Response:
        """Named by a key, so that it may be sent again and changes one thing once."""
        return self.ask(
            "POST", path, document=document, headers={"idempotency-key": key or str(uuid.uuid4())}
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        document: Any = None,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Asks until there is an answer that stays; only what may be asked twice. `body` is begun
        anew each time. Throws `SlipwayError`, and `Unreachable` when patience is at its end."""
        patience = self.patience()
        while True:
            try:
                return self.ask_once(
                    method, path, query=query, document=document, body=body, headers=headers
                )
            except SlipwayError as error:
                if not self.may_pass(error) or not patience.pause(error.retry_after):
                    raise

    def ask_once(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        document: Any = None,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One request. Throws `SlipwayError`."""
        with self.stream(
            method, path, query=query, document=document, body=body, headers=headers
        ) as answer:
            with self._failures_named():
                answer.read()
            return answer

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        document: Any = None,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
        silent_seconds: float | None = None,
    ) -> Iterator[httpx.Response]:
        """One request, whose answer's bytes are read by the caller: those that do not come, or not
        within `silent_seconds` of each other, are an error of httpx there."""
        all_headers = dict(headers or {})
        content: Any = None
        if document is not None:
            content = json.dumps(document, ensure_ascii=False).encode()
            all_headers["content-type"] = "application/json"
        elif body is not None:
            content = body()
        with self._failures_named():
            request = self._http.build_request(
                method,
                f"{self.url}{path}",
                params=query,
                content=content,
                headers=all_headers,
                timeout=TIMEOUT if silent_seconds is None else _silent_for(silent_seconds),
            )
            answer = self._http.send(request, stream=True)
        try:
            self._check(answer)
            yield answer
        finally:
            answer.close()

    def may_pass(self, error: SlipwayError) -> bool:
        """Whether it helps to ask again."""
        if isinstance(error, Unreachable) and not self._reached:
            return False
        if isinstance(error, Unreachable) and error.status is None:
            return True
        return error.status in PASSING_STATUSES or error.code in PASSING_CODES

    @contextmanager
    def _failures_named(self) -> Iterator[None]:
        try:
            yield
        except httpx.TransportError as error:
            raise self.unreachable(error) from None

    def unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(f"{self.url} {_why(error, self.url)}", code="unreachable")

    def _check(self, answer: httpx.Response) -> None:
        if answer.is_success:
            if not self._reached and not _is_ours(answer):
                raise self._stranger(answer)
            self._reached = True
            return
        with self._failures_named():
            answer.read()
        problem = _problem_in(answer)
        if problem is None and answer.request.method != "HEAD":  # which has no body
            raise self._stranger(answer)
        self._reached = True
        if answer.status_code == 401:
            problem = {**(problem or {}), "detail": self._unauthenticated()}
        raise error_of(answer.status_code, problem or {}, answer.headers)

    def _unauthenticated(self) -> str:
        if self._has_token:
            return "the token is not accepted: mistyped, revoked, expired, or of another service"
        return "this service wants a token: set SLIPWAY_TOKEN or SLIPWAY_TOKEN_FILE"

    def _stranger(self, answer: httpx.Response) -> Unreachable:
        """Something else answers: a proxy before it, or whatever the address leads to."""
        status = answer.status_code
        if answer.is_redirect:
            to = httpx.URL(answer.headers.get("location", "")).copy_with(query=None, fragment=None)
            detail = f"{self.url} sends elsewhere, to {to}: write that address in SLIPWAY_URL"
        elif self._reached:
            detail = f"a proxy before {self.url} answers {status} in place of Slipway"
            if status == 413:
                detail += ": raise its limit on the size of a request"
        elif status in PASSING_STATUSES:
            detail = f"a proxy at {self.url} answers {status}: Slipway is not running behind it"
        else:
            detail = (
                f"{self.url} answers {status}, and is not Slipway: look at SLIPWAY_URL, "
                "which is the address without /v1 (plain http is not https)"
            )
        return Unreachable(detail, code="not_slipway", status=status)


def _is_ours(answer: httpx.Response) -> bool:
    """Of the first answer that is a success: others name their requests, too, and send pages."""
    kind = answer.headers.get("content-type", "")
    return "x-request-id" in answer.headers and kind.startswith(
        ("application/json", "text/event-stream")
    )


def _silent_for(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(connect=10, read=seconds, write=60, pool=None)


def at(*segments: str) -> str:
    """A path under `/v1`, each segment percent-encoded."""
    return "/v1" + "".join(f"/{quote(segment, safe='')}" for segment in segments)


def _problem_in(answer: httpx.Response) -> Mapping[str, Any] | None:
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return None
    try:
        problem = answer.json()
    except ValueError:
        return None
    return problem if isinstance(problem, dict) else None


def _why(error: Exception, url: str) -> str:
    reason = str(error) or type(error).__name__
    if isinstance(error, httpx.ConnectTimeout):
        return "does not answer: is it the right address, and is there a way to it from here?"
    if isinstance(error, httpx.ConnectError):
        if "CERTIFICATE_VERIFY_FAILED" in reason:
            return (
                "shows a certificate that is not trusted here: "
                f"name your company's authorities in SSL_CERT_FILE ({reason})"
            )
        if "SSL" in reason or isinstance(error.__cause__, ssl.SSLError):
            return f"does not speak https there: write http:// if that is meant ({reason})"
        return f"cannot be connected to: is Slipway running there? ({reason})"
    if isinstance(error, httpx.TimeoutException):
        return f"has stopped answering ({type(error).__name__})"
    hint = ": does it want https://?" if url.startswith("http://") else ""
    return f"closed the connection without an answer{hint} ({reason})"
