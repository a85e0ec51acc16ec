"""The first minute of a new user: what is wrong with the address or the token is one sentence."""

import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_process import PATIENCE_SECONDS, ApiProcess, free_port
from conftest import ADMINISTRATOR, SERVICE
from tls import tls_server

from slipway_client import Forbidden, Invalid, NotFound, Slipway, Unauthenticated, Unreachable


def failure_of(url: str, **options: Any) -> str:
    """Of the first call, which is not tried for long."""
    started = time.monotonic()
    with Slipway(url, **options) as client, pytest.raises(Unreachable) as failed:
        client.model("churn")
    assert time.monotonic() - started < 60
    return str(failed.value)


@contextmanager
def other_server(
    status: int, headers: dict[str, str], body: bytes
) -> Iterator[tuple[str, list[str]]]:
    """What is no Slipway, and the authorizations that it was shown."""
    shown: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.append(self.headers.get("authorization", ""))
            self.send_response(status)
            for key, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", shown
        finally:
            server.shutdown()


def test_says_that_nothing_runs_there() -> None:
    assert "is Slipway running there?" in failure_of(f"http://127.0.0.1:{free_port()}")


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("headers", [{}, {"x-request-id": "1"}])
def test_says_that_another_server_answers(status: int, headers: dict[str, str]) -> None:
    with other_server(status, headers, b"<h1>It works!</h1>") as (url, _):
        assert "is not Slipway: look at SLIPWAY_URL" in failure_of(url)


def test_says_that_a_proxy_has_nothing_behind_it() -> None:
    with other_server(502, {"content-type": "text/html"}, b"bad gateway") as (url, _):
        assert "Slipway is not running behind it" in failure_of(url)


def test_names_the_address_that_it_is_sent_to_and_shows_no_token_there() -> None:
    with (
        other_server(200, {}, b"{}") as (elsewhere, shown),
        other_server(301, {"location": f"{elsewhere}/v1/models/churn"}, b"") as (url, _),
    ):
        assert elsewhere in failure_of(url, token="slpw_secret")
        assert shown == []


def test_says_that_the_server_wants_https(tmp_path: Path) -> None:
    with tls_server(tmp_path) as port:
        assert "does it want https://?" in failure_of(f"http://127.0.0.1:{port}")


def test_says_that_the_server_speaks_no_https() -> None:
    assert "write http://" in failure_of(SERVICE.replace("http:", "https:"))


def test_says_how_to_trust_a_companys_certificate(tmp_path: Path) -> None:
    with tls_server(tmp_path) as port:
        assert "SSL_CERT_FILE" in failure_of(f"https://127.0.0.1:{port}")


@pytest.mark.parametrize(
    "url",
    ["slipway.example.com", "ftp://x", "http://", "http://u:p@host", "http://a b", "http://a:b"],
)
def test_refuses_an_address_that_is_none(url: str) -> None:
    with pytest.raises(Invalid, match="address of Slipway") as refused:
        Slipway(url)
    assert "u:p" not in str(refused.value)


@pytest.mark.parametrize("end", ["/", "/v1", "/v1/"])
def test_takes_the_address_as_people_copy_it(end: str) -> None:
    with Slipway(SERVICE + end) as client, pytest.raises(NotFound):
        client.model("nobody.has.this")


def test_asks_for_a_token_where_one_is_wanted(guarded: ApiProcess) -> None:
    with Slipway(guarded.url) as client, pytest.raises(Unauthenticated, match="set SLIPWAY_TOKEN"):
        client.model("churn")


def test_says_that_a_token_is_not_accepted(guarded: ApiProcess) -> None:
    expired = token_of(guarded, "reader", expires_in=timedelta(seconds=5))
    time.sleep(5.1)
    for token in ("slpw_mistyped", expired):
        with Slipway(guarded.url, token) as client:
            with pytest.raises(Unauthenticated, match=r"not accepted: .*expired") as refused:
                client.model("churn")
            error = refused.value
            told = repr(client) + "".join(
                traceback.format_exception(type(error), error, error.__traceback__)
            )
            assert token not in told


def test_names_the_right_that_is_missing(guarded: ApiProcess, package: Path, name: str) -> None:
    token = token_of(guarded, "reader")
    with Slipway(guarded.url, token) as client, pytest.raises(Forbidden, match="upload") as refused:
        client.push(name, package)
    assert refused.value.code == "forbidden"
    assert refused.value.request_id


def test_takes_the_token_from_a_file(
    guarded: ApiProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{ADMINISTRATOR}\n")
    monkeypatch.setenv("SLIPWAY_URL", guarded.url)
    monkeypatch.setenv("SLIPWAY_TOKEN_FILE", str(file))
    with Slipway() as client:
        assert list(client.models(search="nobody.has.this")) == []
    monkeypatch.setenv("SLIPWAY_TOKEN_FILE", str(tmp_path / "none"))
    with pytest.raises(Invalid, match="cannot be read: No such file"):
        Slipway()


def test_shows_no_token_that_cannot_be_one() -> None:
    with pytest.raises(Invalid, match="copy it again") as refused:
        Slipway(SERVICE, "slpw_half and more")
    assert "slpw_half" not in str(refused.value)


def test_waits_for_a_service_that_restarts_and_not_for_ever(api: ApiProcess) -> None:
    with Slipway(api.url, retry_seconds=PATIENCE_SECONDS) as client:
        assert list(client.models(search="nobody.has.this")) == []
        api.kill()
        again = threading.Timer(0.5, api.start)
        again.start()
        assert list(client.models(search="nobody.has.this")) == []
        again.join()
    with Slipway(api.url, retry_seconds=0.5) as client:
        assert list(client.models(search="nobody.has.this")) == []
        api.kill()
        with pytest.raises(Unreachable):
            client.model("churn")


def token_of(api: ApiProcess, role: str, expires_in: timedelta = timedelta(hours=1)) -> str:
    """Of somebody new who has this role on all models."""
    identity = f"{role}-{time.monotonic_ns()}"
    headers = {"authorization": f"Bearer {ADMINISTRATOR}"}
    grants = [{"role": role, "pattern": "*"}]
    made = {"name": identity, "kind": "person", "grants": grants}
    with httpx.Client(
        base_url=f"{api.url}/v1", headers=headers, timeout=PATIENCE_SECONDS
    ) as administrator:
        administrator.post("/identities", json=made).raise_for_status()
        end = (datetime.now(timezone.utc) + expires_in).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        token = {"name": "test", "expiresAt": end}
        answer = administrator.post(f"/identities/{identity}/tokens", json=token)
        return str(answer.raise_for_status().json()["token"])
