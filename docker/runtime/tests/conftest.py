import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from processes import PATIENCE_SECONDS, wait_until
from served_models import MODELS, document_of, package_of
from starlette.testclient import TestClient

from slipway_runtime.description import ModelDescription, description_of
from slipway_runtime.server import worker_pool
from slipway_runtime.server.access_log import AccessLog
from slipway_runtime.server.app import create_app
from slipway_runtime.server.worker_pool import WorkerPool
from slipway_runtime.settings import Settings
from slipway_runtime.worker.process import serve_connection

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before anything imports onnxruntime
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

MAX_BODY_BYTES = 1024 * 1024

Serve = Callable[..., TestClient]


@pytest.fixture
def own_imports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The packages under test all have a `src`: each test imports its own."""
    path, modules = sys.path[:], set(sys.modules)
    yield
    packages = (str(MODELS), str(tmp_path_factory.getbasetemp()))
    for name in set(sys.modules) - modules:
        module = vars(sys.modules[name])
        places = [module.get("__file__") or "", *module.get("__path__", [])]
        if any(place.startswith(packages) for place in places):
            del sys.modules[name]
    sys.path[:] = path  # only now: the places of a namespace package are looked up along it


class ThreadWorker:
    """A worker that is a thread of this process, so that a framework is imported once for all
    tests. Those that are about workers have real ones."""

    pid = 0

    def __init__(self, description: ModelDescription, package: Path) -> None:
        self.connection, theirs = socket.socketpair()
        self._code = 0

        def run() -> None:
            self._code = serve_connection(theirs, description, package, counts_values=True)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def wait(self) -> int:
        self._thread.join()
        return self._code

    def kill(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def client_of(description: ModelDescription, package: Path) -> tuple[TestClient, WorkerPool]:
    """A client of a server in this process, to be entered."""

    def worker() -> ThreadWorker:
        return ThreadWorker(description, package)

    settings = Settings(max_body_bytes=MAX_BODY_BYTES)
    pool = WorkerPool(settings, worker)
    access = AccessLog(sys.stdout, "critical", {})
    app = create_app(description, settings, pool, access, start=lambda: pool.start([worker()]))
    return TestClient(app, raise_server_exceptions=False), pool


@pytest.fixture
def serve_document(own_imports: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Serves a description and a package in this process, and waits until it can predict."""
    # What has been counted shows at once, though the worker, a thread here, were late to say so.
    monkeypatch.setattr(worker_pool, "REPORT_SECONDS", PATIENCE_SECONDS)
    with ExitStack() as stack:

        def start(document: dict[str, Any], package: Path) -> TestClient:
            client, pool = client_of(description_of(document), package)
            stack.enter_context(client)

            def is_ready() -> bool:
                if pool.failure:
                    raise pool.failure
                return client.get("/ready").status_code == 200

            wait_until(is_ready)
            return client

        yield start


@pytest.fixture
def serve(serve_document: Serve) -> Serve:
    """Serves one of `test/models` by its name, its description changed as asked."""

    def start(name: str, **changes: Any) -> TestClient:
        return serve_document(document_of(name, **changes), package_of(name))

    return start
