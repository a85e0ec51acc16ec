from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from types import TracebackType

import httpx

# As long as a machine may take that has much else to do.
PATIENCE_SECONDS = 90


class ApiProcess:
    """An API process of its own on the parts of the test service, always at the same address."""

    def __init__(self, **settings: str) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        # Kept: the system gives it to nobody who asks for any port, and the API, which names it and
        # says SO_REUSEADDR too, can listen there all the same.
        self._keeper = socket.socket()
        self._keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._keeper.bind(("127.0.0.1", 0))
        port = self._keeper.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        environment = json.loads(os.environ["SLIPWAY_TEST_API_ENVIRONMENT"])
        environment.pop("NODE_CHANNEL_FD", None)  # of the process that started this one
        self._environment = {**environment, "SLIPWAY_PORT": str(port), **settings}

    def __enter__(self) -> ApiProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()
        self._keeper.close()

    def start(self) -> None:
        self._process = subprocess.Popen(
            json.loads(os.environ["SLIPWAY_TEST_API_COMMAND"]),
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                httpx.get(f"{self.url}/healthz").raise_for_status()
                return
            except httpx.HTTPError:
                assert time.monotonic() < until, "the API did not start"
                time.sleep(0.05)

    def is_running(self) -> bool:
        return self._process is not None

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
