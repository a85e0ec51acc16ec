"""The runtime as a process of its own, as a container runs it."""

import json
import os
import socket
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RUNTIME = [sys.executable, "-m", "slipway_runtime"]


# As long as a machine may take that has much else to do.
PATIENCE_SECONDS = 120


def free_port() -> int:
    with kept_port() as port:
        return port


@contextmanager
def kept_port() -> Iterator[int]:
    """A port that the system gives to nobody who asks for any, and on which whoever names it can
    listen all the same: both say SO_REUSEADDR, and only one of them listens."""
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        port: int = keeper.getsockname()[1]
        yield port


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def environment(
    folder: Path, document: dict[str, Any], package: Path, **more: str
) -> dict[str, str]:
    file = folder / "model.json"
    file.write_text(json.dumps(document))
    ours = {"SLIPWAY_MODEL_FILE": str(file), "MODEL_PATH": str(package), "HOST": "127.0.0.1"}
    return {**os.environ, **ours, **more}


OWN = {
    "model": "own",
    "version": "2.0.0",
    "contentDigest": "sha256:0",
    "format": "python",
    "predictor": {"file": "src/predictor.py", "class": "Predictor"},
}


def own_model(folder: Path, code: str, **more: str) -> dict[str, str]:
    """The environment of a package whose predictor is `code`."""
    (folder / "src").mkdir()
    (folder / "src" / "predictor.py").write_text(textwrap.dedent(code))
    return environment(folder, OWN, folder, **more)


def post(body: bytes, path: str = "/predict") -> bytes:
    """A request as it is on the wire."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


class Server:
    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process = process
        self.port = port
        self.address = f"http://127.0.0.1:{port}"

    def status(self, path: str) -> int | None:
        try:
            with urllib.request.urlopen(self.address + path, timeout=PATIENCE_SECONDS) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def text(self, path: str) -> str:
        with urllib.request.urlopen(self.address + path, timeout=PATIENCE_SECONDS) as answer:
            body: bytes = answer.read()
            return body.decode()

    def wait_for(self, path: str, status: int = 200) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.status(path) != status:
            assert self.process.poll() is None, "the server ended"
            assert time.monotonic() < deadline, f"{path} was never {status}"
            time.sleep(0.02)

    def predict(self, instances: list[Any]) -> Any:
        body = json.dumps({"instances": instances}).encode()
        request = urllib.request.Request(
            self.address + "/predict", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)["predictions"]

    def ask(self, body: Any, path: str = "/predict") -> tuple[int, Any]:
        """The status, and the body as JSON, of an answer of any status."""
        request = urllib.request.Request(
            self.address + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def ask_get(self, path: str) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(self.address + path, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def raw(self, request: bytes) -> bytes:
        """All that comes back on a connection of its own, which the request has closed."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS) as connection:
            connection.sendall(request)
            with connection.makefile("rb") as answer:
                return answer.read()

    def metric(self, name: str) -> float:
        """The value of a series, by its name with its labels as they are written."""
        lines = [line.rpartition(" ") for line in self.text("/metrics").splitlines()]
        return next(float(value) for series, _, value in lines if series == name)

    def logs(self) -> list[dict[str, Any]]:
        """Waits for the end of the process."""
        output, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        return [json.loads(line) for line in output.splitlines()]


@contextmanager
def server(
    environment: dict[str, str],
    stdout: int | None = subprocess.PIPE,
    command: Sequence[str] = RUNTIME,
) -> Iterator[Server]:
    with kept_port() as port:
        process = subprocess.Popen(
            [*command, "serve"],
            env={**environment, "PORT": str(port)},
            stdout=subprocess.DEVNULL if stdout is None else stdout,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield Server(process, port)
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()
