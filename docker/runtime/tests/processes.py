"""The runtime as a process of its own, as a container runs it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RUNTIME = [sys.executable, "-m", "slipway_runtime"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(
    folder: Path, document: dict[str, Any], package: Path, **more: str
) -> dict[str, str]:
    file = folder / "model.json"
    file.write_text(json.dumps(document))
    ours = {"SLIPWAY_MODEL_FILE": str(file), "MODEL_PATH": str(package), "HOST": "127.0.0.1"}
    return {**os.environ, **ours, **more}


class Server:
    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process = process
        self.port = port
        self.address = f"http://127.0.0.1:{port}"

    def status(self, path: str) -> int | None:
        try:
            with urllib.request.urlopen(self.address + path, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def wait_for(self, path: str, status: int = 200, within_seconds: float = 30) -> None:
        deadline = time.monotonic() + within_seconds
        while self.status(path) != status:
            assert self.process.poll() is None, "the server ended"
            assert time.monotonic() < deadline, f"{path} was never {status}"
            time.sleep(0.02)

    def predict(self, instances: list[Any], timeout: float = 10) -> Any:
        body = json.dumps({"instances": instances}).encode()
        request = urllib.request.Request(
            self.address + "/predict", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.load(answer)["predictions"]

    def logs(self) -> list[dict[str, Any]]:
        """Waits for the end of the process."""
        output, _ = self.process.communicate(timeout=30)
        return [json.loads(line) for line in output.splitlines()]


@contextmanager
def server(environment: dict[str, str]) -> Iterator[Server]:
    port = free_port()
    process = subprocess.Popen(
        [*RUNTIME, "serve"],
        env={**environment, "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Server(process, port)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
