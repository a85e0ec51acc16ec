"""Models that leak, hang, die or never end take one worker with them, and no request."""

import signal
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from processes import PATIENCE_SECONDS, Server, own_model, post, server, wait_until

from slipway_runtime.cpu_limit import cpu_limit

# Does as it is told by its one instance.
OBEDIENT = """
    import ctypes, itertools, os, signal, sys, time
    kept = []
    class Predictor:
        def __init__(self, folder):
            self.package = os.path.dirname(folder)
        def wait(self):
            until = time.monotonic() + 300
            while not os.path.exists(f"{self.package}/goes-on") and time.monotonic() < until:
                time.sleep(0.02)
        def predict(self, instances):
            todo = instances[0]
            if todo == "pid": return [os.getpid()]
            if todo == "wait": self.wait()
            if todo == "exit": os._exit(7)
            if todo == "kill": os.kill(os.getpid(), signal.SIGKILL)
            if todo == "segfault": ctypes.string_at(0)
            if todo == "loop":
                while True: pass
            if todo == "hold the GIL": ctypes.PyDLL(None).sleep(600)
            if todo == "print for ever":
                while True: print("x" * 1000)
            if todo == "allocate for ever":
                while True: kept.append(bytearray(os.urandom(1024) * 1024))
            if todo == "leak": kept.append(os.urandom(1024) * 1024 * 20)
            if todo == "fork and die":
                if os.fork() == 0:
                    os.closerange(0, 3)
                    self.wait()
                    os._exit(0)
                os._exit(7)
            return instances
"""


@contextmanager
def obedient(folder: Path, **settings: str) -> Iterator[Server]:
    with server(own_model(folder, OBEDIENT, **settings)) as served:
        served.wait_for("/ready")
        yield served


@contextmanager
def busy(served: Server, folder: Path, todo: Any = "wait") -> Iterator["Future[tuple[int, str]]"]:
    """While the worker has this to do, which ends with the block where it can."""
    with ThreadPoolExecutor() as callers:
        answer = callers.submit(told, served, todo)
        try:
            wait_until(lambda: served.metric("slipway_workers_busy") == 1)
            yield answer
        finally:
            (folder / "goes-on").touch()


def told(served: Server, todo: Any) -> tuple[int, str]:
    """The status, and the error's code or the prediction."""
    status, body = served.ask({"instances": [todo]})
    return status, body["error"]["code"] if status != 200 else body["predictions"][0]


@pytest.mark.parametrize("todo", ["exit", "kill", "segfault", "fork and die"])
def test_a_prediction_that_ends_its_process_is_500_and_the_next_one_is_served(
    tmp_path: Path, todo: str
) -> None:
    with obedient(tmp_path) as served:
        before = told(served, "pid")[1]
        started = time.monotonic()
        assert told(served, todo) == (500, "worker_ended")
        assert time.monotonic() - started < 60  # though what it has forked lives on
        status, after = told(served, "pid")  # waits for the new one
        assert (status, after != before) == (200, True)
        assert served.metric('slipway_worker_restarts_total{reason="died"}') == 1
        assert served.metric('slipway_prediction_errors_total{code="worker_ended"}') == 1
        assert served.status("/ready") == 200
        (tmp_path / "goes-on").touch()


@pytest.mark.parametrize("todo", ["loop", "hold the GIL", "print for ever"])
def test_a_prediction_that_never_ends_is_504_and_the_next_one_is_served(
    tmp_path: Path, todo: str
) -> None:
    settings = own_model(tmp_path, OBEDIENT, PREDICT_TIMEOUT_SECONDS="1")
    with server(settings, stdout=None) as served:
        served.wait_for("/ready")
        started = time.monotonic()
        assert told(served, todo) == (504, "prediction_timeout")
        assert time.monotonic() - started < 60
        wait_until(lambda: told(served, "next") == (200, "next"))  # it, too, has but a second
        assert served.metric('slipway_worker_restarts_total{reason="timeout"}') >= 1


def test_the_other_worker_answers_meanwhile(tmp_path: Path) -> None:
    with obedient(tmp_path, WORKERS="2", PREDICT_TIMEOUT_SECONDS="600") as served:
        wait_until(lambda: served.metric("slipway_workers_ready") == 2)
        with busy(served, tmp_path) as waiting:
            assert [told(served, i) for i in ("a", "b", "c")] == [
                (200, "a"),
                (200, "b"),
                (200, "c"),
            ]
            assert not waiting.done()
            assert served.metric("slipway_workers_busy") == 1
        assert waiting.result() == (200, "wait")


def test_one_of_two_workers_that_never_answers_is_replaced(tmp_path: Path) -> None:
    with obedient(tmp_path, WORKERS="2", PREDICT_TIMEOUT_SECONDS="1") as served:
        wait_until(lambda: served.metric("slipway_workers_ready") == 2)
        assert told(served, "loop") == (504, "prediction_timeout")
        wait_until(lambda: served.metric("slipway_workers_ready") == 2)


def test_a_worker_that_leaks_is_replaced_between_two_requests(tmp_path: Path) -> None:
    with obedient(tmp_path, WORKER_MAX_MEMORY_BYTES=str(200 * 2**20)) as served:
        pids = set()
        # Little at a time: one that is above the limit at two looks in one prediction is ended.
        for _ in range(30):
            assert told(served, "leak") == (200, "leak")
            pids.add(told(served, "pid")[1])
            if len(pids) > 1:
                break
            time.sleep(0.3)  # as long as the memory is not looked at
        assert len(pids) > 1
        assert served.metric('slipway_worker_restarts_total{reason="memory"}') >= 1
        assert served.metric('slipway_worker_memory_bytes{worker="0"}') < 300 * 2**20


def test_a_prediction_that_allocates_for_ever_is_ended(tmp_path: Path) -> None:
    with obedient(tmp_path, WORKER_MAX_MEMORY_BYTES=str(200 * 2**20)) as served:
        assert told(served, "allocate for ever") == (500, "worker_ended")
        assert told(served, "next") == (200, "next")


def test_a_model_that_takes_more_memory_than_it_may_is_served_all_the_same(tmp_path: Path) -> None:
    with obedient(tmp_path, WORKER_MAX_MEMORY_BYTES="1000") as served:
        pid = told(served, "pid")
        time.sleep(0.6)
        assert told(served, "pid") == pid
        served.process.send_signal(signal.SIGTERM)
        assert any("WORKER_MAX_MEMORY_BYTES" in line["message"] for line in served.logs())


def test_a_model_that_never_loads_ends_the_process_with_the_reason(tmp_path: Path) -> None:
    code = """
        class Predictor:
            def __init__(self, folder):
                while True: pass
            def predict(self, instances): return instances
    """
    with server(own_model(tmp_path, code, LOAD_TIMEOUT_SECONDS="1")) as served:
        last = served.logs()[-1]
        assert served.process.returncode == 3
    assert "had not loaded within 1 s (LOAD_TIMEOUT_SECONDS)" in last["message"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os\nos._exit(0)", "exited with code 0 while it loaded the model"),
        ("import os\nos.kill(os.getpid(), 9)", "ended by SIGKILL while it loaded the model"),
    ],
)
def test_a_model_that_ends_its_process_while_it_loads_does_not_load(
    tmp_path: Path, code: str, reason: str
) -> None:
    with server(own_model(tmp_path, code)) as served:
        last = served.logs()[-1]
        assert served.process.returncode == 3
    assert reason in last["message"]


def test_a_worker_that_dies_again_and_again_is_not_started_without_end(tmp_path: Path) -> None:
    with obedient(tmp_path) as served:
        # It cannot be loaded any more from here on.
        (tmp_path / "src" / "predictor.py").write_text("raise OSError('the disk is gone')")
        started = time.monotonic()
        assert told(served, "exit") == (500, "worker_ended")
        wait_until(lambda: served.metric('slipway_worker_restarts_total{reason="load"}') >= 2)
        status, answer = served.ask({"instances": [1]})
        assert (status, answer["error"]["code"]) == (503, "not_ready")
        assert "the disk is gone" in answer["error"]["message"]
        assert served.status("/health") == 200
        status, answer = served.ask_get("/ready")
        assert (status, answer["status"]) == (503, "restarting")
        assert "times in a row: OSError: the disk is gone" in answer["reason"]
        time.sleep(2)
        # After 0, 1, 2, 4, 8 … 30 s.
        seconds = time.monotonic() - started
        assert served.metric('slipway_worker_restarts_total{reason="load"}') <= 3 + seconds / 2
        (tmp_path / "src" / "predictor.py").write_text(
            "class Predictor:\n def __init__(self, f): pass\n def predict(self, i): return i"
        )
        served.wait_for("/ready")
        assert told(served, "well again") == (200, "well again")


def test_a_full_queue_is_503_with_retry_after_and_the_others_are_served(tmp_path: Path) -> None:
    limits = {"QUEUE_LIMIT": "2", "QUEUE_TIMEOUT_SECONDS": "600"}
    with obedient(tmp_path, **limits) as served, ThreadPoolExecutor(16) as callers:
        with busy(served, tmp_path) as first:
            waiting = [callers.submit(told, served, "in the queue") for _ in range(2)]
            wait_until(lambda: served.metric("slipway_queue_length") == 2)
            others = [callers.submit(told, served, "too many") for _ in range(5)]
            assert [answer.result() for answer in others] == [(503, "overloaded")] * 5
            refused = served.raw(post(b'{"instances": [0]}'))
            assert b" 503 " in refused.split(b"\r\n")[0]
            assert b"retry-after: 1\r\n" in refused.lower()
            assert b'"code":"overloaded"' in refused
            assert served.metric("slipway_queue_length") == 2
        assert first.result() == (200, "wait")
        assert [answer.result() for answer in waiting] == [(200, "in the queue")] * 2
        assert served.metric("slipway_queue_length") == 0
        assert served.metric("slipway_queue_seconds_count") == 2


def test_a_request_waits_no_longer_than_it_may(tmp_path: Path) -> None:
    with obedient(tmp_path, QUEUE_TIMEOUT_SECONDS="1") as served:
        with busy(served, tmp_path) as first:
            assert told(served, 0) == (503, "overloaded")
        assert first.result() == (200, "wait")


def test_a_caller_that_has_gone_is_not_predicted_for(tmp_path: Path) -> None:
    with obedient(tmp_path, QUEUE_TIMEOUT_SECONDS="600") as served:
        with busy(served, tmp_path) as first:
            with socket.create_connection(("127.0.0.1", served.port)) as impatient:
                impatient.sendall(post(b'{"instances": ["exit"]}'))
                wait_until(lambda: served.metric("slipway_queue_length") == 1)
            assert served.status("/health") == 200  # it has seen the end of that connection before
        assert first.result() == (200, "wait")
        assert told(served, "next") == (200, "next")
        assert served.metric('slipway_worker_restarts_total{reason="died"}') == 0


def test_half_a_body_is_408_in_time_and_holds_up_nobody(tmp_path: Path) -> None:
    with obedient(tmp_path, BODY_TIMEOUT_SECONDS="3") as served:
        with socket.create_connection(("127.0.0.1", served.port), PATIENCE_SECONDS) as slow:
            slow.sendall(b'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"in')
            assert told(served, "meanwhile") == (200, "meanwhile")
            with slow.makefile("rb") as answer:  # which ends: it hangs up
                assert b" 408 " in answer.read().split(b"\r\n")[0]
        with socket.create_connection(("127.0.0.1", served.port)) as gone:
            gone.sendall(b'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"in')
        assert told(served, "next") == (200, "next")


def test_large_bodies_that_wait_are_bounded_together(tmp_path: Path) -> None:
    limits = {"MAX_BODY_BYTES": "1000000", "QUEUE_LIMIT": "50"}
    with obedient(tmp_path, **limits) as served, ThreadPoolExecutor(16) as callers:
        large = {"instances": ["wait", "x" * 900_000]}
        answers = [callers.submit(served.ask, large) for _ in range(10)]
        wait_until(lambda: any(answer.done() for answer in answers))
        (tmp_path / "goes-on").touch()
        assert {answer.result()[0] for answer in answers} == {200, 503}
        assert told(served, "next") == (200, "next")


def test_workers_share_the_cores(tmp_path: Path) -> None:
    code = """
        import os
        class Predictor:
            def __init__(self, folder): pass
            def predict(self, instances): return [os.environ["OMP_NUM_THREADS"]]
    """
    settings = own_model(tmp_path, code, WORKERS="9")
    settings.pop("OMP_NUM_THREADS", None)
    with server(settings) as served:
        served.wait_for("/ready")
        wait_until(lambda: served.metric("slipway_workers_ready") == 9)
        assert served.predict([0]) == [str(max(1, cpu_limit() // 9))]


def test_a_worker_ends_with_the_server_whatever_it_does(tmp_path: Path) -> None:
    with obedient(tmp_path) as served:
        pid = told(served, "pid")[1]
        with busy(served, tmp_path, "hold the GIL") as hung:
            served.process.kill()
            served.process.wait()
        assert isinstance(hung.exception(), OSError)
        wait_until(lambda: not Path(f"/proc/{pid}").exists())


def test_a_worker_finds_what_an_images_launcher_makes_importable(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "more.pth").write_text(str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "rare.py").write_text("answer = 42")
    launcher = tmp_path / "slipway-runtime"
    launcher.write_text(
        f"import site, sys\nsite.addsitedir('{tmp_path}/site')\n"
        "from slipway_runtime.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"
    )
    code = """
        import rare
        class Predictor:
            def __init__(self, folder): pass
            def predict(self, instances): return [rare.answer]
    """
    settings = own_model(tmp_path, code)
    with server(settings, command=[sys.executable, str(launcher)]) as served:
        served.wait_for("/ready")
        assert served.predict([0]) == [42]


def test_values_are_added_up_over_all_workers(tmp_path: Path) -> None:
    with obedient(tmp_path, WORKERS="2") as served, ThreadPoolExecutor(4) as callers:
        wait_until(lambda: served.metric("slipway_workers_ready") == 2)
        list(callers.map(lambda number: told(served, number), range(40)))
        # A worker that is late with its report makes it with the next look.
        wait_until(lambda: served.metric("slipway_instances_predicted_total") == 40)
        wait_until(lambda: served.metric('slipway_input_value_count{feature="input"}') == 40)


def test_a_second_sigterm_does_not_wait(tmp_path: Path) -> None:
    limits = {"SHUTDOWN_SECONDS": "600", "PREDICT_TIMEOUT_SECONDS": "600"}
    with obedient(tmp_path, **limits) as served:
        with busy(served, tmp_path, "hold the GIL") as running:
            served.process.send_signal(signal.SIGTERM)
            served.wait_for("/ready", 503)
            served.process.send_signal(signal.SIGTERM)
            assert served.process.wait(PATIENCE_SECONDS) == 1
        assert running.result() == (503, "shutting_down")
