import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from served_models import MODELS, document_of, package_of
from starlette.testclient import TestClient

from slipway_runtime.description import description_of
from slipway_runtime.model_host import ModelHost
from slipway_runtime.server.app import create_app

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


@pytest.fixture
def serve_document(own_imports: None) -> Iterator[Serve]:
    """Serves a description and a package in this process, and waits until it can predict."""
    with ExitStack() as stack:

        def start(document: dict[str, Any], package: Path) -> TestClient:
            host = ModelHost(description_of(document), package)
            client = TestClient(create_app(host, MAX_BODY_BYTES), raise_server_exceptions=False)
            stack.enter_context(client)
            deadline = time.monotonic() + 60
            while client.get("/ready").status_code != 200:
                if host.failure:
                    raise host.failure
                assert time.monotonic() < deadline, "the model never became ready"
                time.sleep(0.01)
            return client

        yield start


@pytest.fixture
def serve(serve_document: Serve) -> Serve:
    """Serves one of `test/models` by its name, its description changed as asked."""

    def start(name: str, **changes: Any) -> TestClient:
        return serve_document(document_of(name, **changes), package_of(name))

    return start
