"""Tags move, wait, are refused and go back."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import SERVICE
from packages import small_package

from slipway_client import Conflict, NotFound, Promotion, PromotionRefused, Slipway, Tag


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """With two versions that are ready."""
    with Slipway(SERVICE, progress=False) as client:
        for number in ("1.0.0", "1.1.0"):
            folder = small_package(tmp_path_factory.mktemp(number) / "package", number)
            client.push("promoted", folder, version=number)
    return "promoted"


def test_moves_a_tag_and_rolls_it_back(slipway: Slipway, model: str) -> None:
    first = slipway.promote(model, "1.0.0", "prod", reason="first")
    second = slipway.promote(model, "1.1.0", "prod", reason="auc +0.02")
    assert isinstance(first, Tag)
    assert isinstance(second, Tag)
    assert (second.version, second.revision, second.reason) == ("1.1.0", 2, "auc +0.02")
    image = slipway.version(model, "prod").image
    assert image is not None
    assert second.image_digest == image.digest
    back = slipway.rollback(model, "prod", reason="incident 42")
    assert isinstance(back, Tag)
    assert (back.version, back.revision) == ("1.0.0", 3)
    moves = [(move.from_, move.to, move.reason) for move in slipway.history(model, "prod")]
    assert moves == [
        ("1.1.0", "1.0.0", "incident 42"),
        ("1.0.0", "1.1.0", "auc +0.02"),
        (None, "1.0.0", "first"),
    ]
    assert slipway.tag(model, "prod").version == "1.0.0"
    assert {tag.tag for tag in slipway.tags(model)} >= {"latest", "prod"}
    assert slipway.model(model).tags["prod"] == "1.0.0"


def test_moves_a_tag_only_from_the_revision_that_was_read(slipway: Slipway, model: str) -> None:
    set_now = slipway.promote(model, "1.0.0", "canary", if_revision=0)
    assert isinstance(set_now, Tag)
    with pytest.raises(Conflict) as moved:
        slipway.promote(model, "1.1.0", "canary", if_revision=0)
    assert (moved.value.status, moved.value.code) == (412, "tag_moved")
    slipway.promote(model, "1.1.0", "canary", if_revision=set_now.revision)
    with pytest.raises(Conflict, match="revision"):
        slipway.promote(model, "1.0.0", "canary", if_revision=set_now.revision)


def test_says_why_a_tag_cannot_move(slipway: Slipway, model: str, name: str, package: Path) -> None:
    with pytest.raises(NotFound, match=r"9\.0\.0"):
        slipway.promote(model, "9.0.0", "prod")
    with pytest.raises(NotFound):
        slipway.rollback(model, "nobody-set-this")
    slipway.push(name, package, metadata={"unresolvable": "x"}, wait=False)
    with pytest.raises(Conflict) as refused:
        slipway.promote(name, "1.0.0", "prod")
    assert refused.value.code == "version_not_ready"


@contextmanager
def service_that_answers(status: int, kind: str, document: dict[str, Any]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            body = json.dumps(document).encode()
            self.send_response(status)
            for key, value in (("content-type", kind), ("x-request-id", "r1")):
                self.send_header(key, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def test_hands_out_a_move_that_waits() -> None:
    document = {
        "id": "01a2",
        "status": "waiting",
        "model": "churn",
        "tag": "prod",
        "version": "1.0.0",
        "approvals": [],
    }
    with service_that_answers(202, "application/json", document) as url, Slipway(url) as client:
        waiting = client.promote("churn", "1.0.0", "prod")
    assert isinstance(waiting, Promotion)
    assert (waiting.id, waiting.status, waiting.version) == ("01a2", "waiting", "1.0.0")
    assert waiting.document == document


def test_says_which_rules_refuse_a_move() -> None:
    problem = {
        "type": "/problems/promotion_refused",
        "title": "Promotion refused",
        "status": 403,
        "detail": "the policy of prod does not let 1.0.0 through",
        "rules": [
            {"rule": "proof", "status": "failed", "reason": "its proof has not passed"},
            {"rule": "soak", "status": "passed", "reason": "it was in staging for a day"},
        ],
    }
    answers = service_that_answers(403, "application/problem+json", problem)
    with answers as url, Slipway(url) as client, pytest.raises(PromotionRefused) as refused:
        client.promote("churn", "1.0.0", "prod")
    assert refused.value.rules[0]["rule"] == "proof"
    assert "proof: its proof has not passed" in str(refused.value)
    assert "soak" not in str(refused.value)
