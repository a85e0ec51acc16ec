"""`serve` and `health` as processes: readiness, logs, signals, exit codes."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from processes import (
    PATIENCE_SECONDS,
    RUNTIME,
    environment,
    free_port,
    own_model,
    post,
    server,
    wait_until,
)
from served_models import SERVED, cases_of, document_of, package_of

from slipway_runtime.cpu_limit import cpu_limit
from slipway_runtime.server.serve import listen


def health(port: int) -> "subprocess.CompletedProcess[str]":
    settings = {**os.environ, "PORT": str(port)}
    return subprocess.run([*RUNTIME, "health"], env=settings, capture_output=True, text=True)


def ask(port: int, request: str, *more: str) -> "subprocess.CompletedProcess[str]":
    settings = {**os.environ, "PORT": str(port)}
    return subprocess.run(
        [*RUNTIME, "ask", *more], env=settings, input=request, capture_output=True, text=True
    )


@pytest.mark.parametrize("name", SERVED)
def test_serves_each_model_from_its_own_process_and_ends_cleanly(tmp_path: Path, name: str) -> None:
    with server(environment(tmp_path, document_of(name), package_of(name))) as served:
        served.wait_for("/ready")
        wait_until(lambda: health(served.port).returncode == 0)  # it waits for 3 s at the most
        for case in cases_of(name):
            assert served.predict(case["request"]["instances"]) == case["predictions"]
        served.process.send_signal(signal.SIGTERM)
        logs = served.logs()
        assert served.process.returncode == 0
    assert all(line["model"] == name and line["version"] == "1.0.0" for line in logs)


def test_logs_name_each_request_and_never_its_body(tmp_path: Path) -> None:
    with server(environment(tmp_path, document_of("sentiment"), package_of("sentiment"))) as served:
        served.wait_for("/ready")
        served.predict(["a secret wonder"])
        served.status("/metrics")
        served.status("/nothing?token=secret")
        served.process.send_signal(signal.SIGINT)
        logs = served.logs()
        assert served.process.returncode == 0
    requests = [(r["method"], r["path"], r["status"]) for r in logs if r["message"] == "request"]
    assert requests == [("POST", "/predict", 200), ("GET", "/nothing", 404)]
    assert all({"time", "level", "message"} <= line.keys() for line in logs)
    assert "secret" not in str(logs)


def test_sigterm_lets_the_running_prediction_finish_and_takes_no_new_ones(tmp_path: Path) -> None:
    code = """
        import os, time
        class Predictor:
            def __init__(self, folder): self.package = os.path.dirname(folder)
            def predict(self, instances):
                open(f"{self.package}/begun", "w").close()
                while not os.path.exists(f"{self.package}/goes-on"): time.sleep(0.02)
                return instances
    """
    with server({**own_model(tmp_path, code), "SHUTDOWN_SECONDS": "600"}) as served:
        served.wait_for("/ready")
        answers: list[Any] = []
        running = threading.Thread(target=lambda: answers.append(served.predict([7])))
        running.start()
        wait_until((tmp_path / "begun").exists)
        served.process.send_signal(signal.SIGTERM)
        served.wait_for("/ready", 503)
        assert served.status("/health") == 200
        refused, answer = served.ask({"instances": [8]})
        assert (refused, answer["error"]["code"]) == (503, "not_ready")
        (tmp_path / "goes-on").touch()
        running.join()
        assert answers == [[7]]
        assert served.process.wait(PATIENCE_SECONDS) == 0


def test_a_server_that_stops_cuts_off_a_prediction_that_takes_too_long(tmp_path: Path) -> None:
    code = """
        import os, time
        class Predictor:
            def __init__(self, folder): self.package = os.path.dirname(folder)
            def predict(self, instances):
                open(f"{self.package}/begun", "w").close()
                time.sleep(600)
    """
    with server({**own_model(tmp_path, code), "SHUTDOWN_SECONDS": "1"}) as served:
        served.wait_for("/ready")

        answers: list[Any] = []
        running = threading.Thread(target=lambda: answers.append(served.ask({"instances": [7]})))
        running.start()
        wait_until((tmp_path / "begun").exists)
        started = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        assert "in mid-prediction" in served.logs()[-1]["message"]
        running.join()
        assert [(status, body["error"]["code"]) for status, body in answers] == [
            (503, "shutting_down")
        ]
        assert served.process.returncode == 1
        assert time.monotonic() - started < 60


def test_is_healthy_while_it_loads_and_unhealthy_to_the_health_check(tmp_path: Path) -> None:
    code = """
        import time
        class Predictor:
            def __init__(self, folder): time.sleep(600)
            def predict(self, instances): return instances
    """
    with server(own_model(tmp_path, code)) as served:
        served.wait_for("/health")
        assert served.status("/ready") == 503
        wait_until(lambda: health(served.port).stderr.startswith("not ready"))
        assert health(served.port).returncode == 1
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import nonexistent", "needs the Python module 'nonexistent'"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("class Predictor:\n  def __init__(self, f): raise OSError('no weights')\n"
         "  def predict(self, i): pass", "OSError: no weights"),
    ],
)  # fmt: skip
def test_a_model_that_does_not_load_ends_the_process_with_the_reason_in_the_last_line(
    tmp_path: Path, code: str, reason: str
) -> None:
    with server(own_model(tmp_path, code)) as served:
        last = served.logs()[-1]
        assert served.process.returncode == 3
    assert last["level"] == "error"
    assert reason in last["message"]
    assert (last["model"], last["version"]) == ("own", "2.0.0")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "No such file or directory"),
        ("{", "does not describe a model"),
        ('{"model": "m"}', "'version' is missing"),
        (
            '{"model": "m", "version": "1", "contentDigest": "", "format": "onnx",'
            ' "signature": {"inputs": [{"name": "x", "type": "double"}]}}',
            "'x' has type 'double', which is none of bool, uint8",
        ),
        (
            '{"model": "m", "version": "1", "contentDigest": "", "format": "caffe"}',
            "format 'caffe' is not served",
        ),
    ],
)
def test_a_description_that_says_nothing_to_serve_ends_the_process(
    tmp_path: Path, text: str | None, reason: str
) -> None:
    settings = environment(tmp_path, {}, tmp_path)
    file = tmp_path / "model.json"
    file.unlink() if text is None else file.write_text(text)
    with server(settings) as served:
        last = served.logs()[-1]
        assert served.process.returncode == 3
    assert reason in last["message"]


def test_a_bad_setting_is_a_usage_error() -> None:
    ended = subprocess.run(
        [*RUNTIME, "serve"], env={**os.environ, "PORT": "x"}, capture_output=True, text=True
    )
    assert ended.returncode == 2
    assert ended.stderr == "PORT must be a whole number from 1 to 65535, not 'x'\n"


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = environment(tmp_path, document_of("custom"), package_of("custom"))
        ended = subprocess.run(
            [*RUNTIME, "serve"],
            env={**settings, "PORT": str(port)},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in ended.stdout


def test_what_a_model_prints_and_warns_of_are_log_lines(tmp_path: Path) -> None:
    code = """
        import warnings
        class Predictor:
            def __init__(self, folder): print("loading", 42)
            def predict(self, instances):
                warnings.warn("old weights")
                return instances
    """
    with server(own_model(tmp_path, code)) as served:
        served.wait_for("/ready")
        served.predict([1])
        served.process.send_signal(signal.SIGTERM)
        messages = [(line["logger"], line["message"]) for line in served.logs()]
    assert ("print", "loading 42") in messages
    assert any(name == "py.warnings" and "old weights" in text for name, text in messages)


def test_libraries_keep_to_the_container_and_send_nothing_to_their_makers(tmp_path: Path) -> None:
    code = """
        import os
        class Predictor:
            def __init__(self, folder): pass
            def predict(self, instances): return [os.environ.get(name) for name in instances]
    """
    with server({**own_model(tmp_path, code), "OMP_NUM_THREADS": "7"}) as served:
        served.wait_for("/ready")
        names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ORT_DISABLE_TELEMETRY"]
        assert served.predict(names) == ["7", str(cpu_limit()), "1"]


def test_the_health_check_says_when_nobody_listens() -> None:
    port = free_port()
    probe = health(port)
    assert probe.returncode == 1
    assert f"no answer on 127.0.0.1:{port}" in probe.stderr


def test_the_health_check_imports_no_framework() -> None:
    code = (
        "import sys; from slipway_runtime.__main__ import main; main(['health']);"
        "print(*sorted({'starlette', 'uvicorn', 'numpy', 'json', 'http'} & set(sys.modules)))"
    )
    settings = {**os.environ, "PORT": str(free_port())}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=settings, capture_output=True, text=True
    )
    assert ended.stdout == "\n"


def test_answers_do_not_wait_for_acknowledgements() -> None:
    # asyncio sets TCP_NODELAY only on sockets that were made with their protocol named.
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_ask_says_what_the_server_answers_and_how_fast(tmp_path: Path) -> None:
    with server(environment(tmp_path, document_of("sentiment"), package_of("sentiment"))) as served:
        served.wait_for("/ready")
        asked = ask(served.port, '{"instances": ["a wonder"]}', "--times", "5")
        said = json.loads(asked.stdout)
        assert (asked.returncode, said["status"], len(said["seconds"])) == (0, 200, 5)
        assert json.loads(said["answer"])["model"] == "sentiment"
        refused = json.loads(ask(served.port, "{}", "--times", "5").stdout)
        assert (refused["status"], len(refused["seconds"])) == (400, 1)
        elsewhere = ["--url", f"{served.address}/health"]
        assert json.loads(ask(free_port(), "{}", *elsewhere).stdout)["status"] == 405
        assert json.loads(ask(free_port(), "", "--get", *elsewhere).stdout)["status"] == 200


def test_ask_says_in_one_line_why_there_is_no_answer() -> None:
    asked = ask(free_port(), "{}")
    assert (asked.returncode, asked.stdout) == (1, "")
    assert asked.stderr.startswith("no answer: ")


def test_every_answer_says_which_model_and_which_image_it_is_from(tmp_path: Path) -> None:
    settings = {
        **environment(tmp_path, document_of("custom"), package_of("custom")),
        "SLIPWAY_IMAGE_DIGEST": "sha256:" + "cd" * 32,
    }
    expected = {
        "slipway-model": "custom",
        "slipway-version": "1.0.0",
        "slipway-content-digest": "sha256:" + "ab" * 32,
        "slipway-image-digest": "sha256:" + "cd" * 32,
    }
    with server(settings) as served:
        served.wait_for("/ready")
        answers = [served.raw(post(body)) for body in (b'{"instances": ["the dog"]}', b"{")]
        answers += [
            served.raw(b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path)
            for path in (b"/metadata", b"/nothing", b"/v2/models/other")
        ]
        answers.append(served.raw(b"no HTTP at all\r\n\r\n"))
    assert [int(answer.split(b" ")[1]) for answer in answers] == [200, 400, 200, 404, 404, 400]
    for answer in answers:
        head = answer.partition(b"\r\n\r\n")[0].decode()
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
        assert {name: headers.get(name) for name in expected} == expected, head


HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n"
LAST = HEALTH + b"Connection: close\r\n\r\n"


def test_a_head_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    settings = environment(tmp_path, document_of("custom"), package_of("custom"))
    with server({**settings, "BODY_TIMEOUT_SECONDS": "1"}) as served:
        served.wait_for("/health")
        with socket.create_connection(("127.0.0.1", served.port), PATIENCE_SECONDS) as connection:
            started = time.monotonic()
            connection.sendall(HEALTH + b"\r\n" + HEALTH)  # the second one is never whole
            answers = b""
            with suppress(ConnectionError):  # which it may end with, when the answer has been read
                while part := connection.recv(65536):
                    answers += part
                    connection.sendall(b"X-Slow: 1\r\n")
            assert 0.5 < time.monotonic() - started < 60
        assert [answers.count(b"HTTP/1.1 200"), answers.count(b"HTTP/1.1 408")] == [1, 1], answers
        assert answers.count(b"slipway-model: custom") == 2
        assert served.raw(LAST).startswith(b"HTTP/1.1 200")


def test_a_head_without_end_is_not_kept(tmp_path: Path) -> None:
    with server(environment(tmp_path, document_of("custom"), package_of("custom"))) as served:
        served.wait_for("/health")
        with socket.create_connection(("127.0.0.1", served.port), PATIENCE_SECONDS) as connection:
            sent = 0
            with suppress(OSError):
                connection.sendall(HEALTH + b"X-Long: ")
                while sent < 20_000_000:
                    sent += connection.send(b"x" * 10_000)
            assert sent < 20_000_000
        assert served.raw(LAST).startswith(b"HTTP/1.1 200")
        large = HEALTH + b"X: %b\r\n" % (b"x" * 30_000) + LAST[len(HEALTH) :]
        assert served.raw(large).startswith(b"HTTP/1.1 200")
