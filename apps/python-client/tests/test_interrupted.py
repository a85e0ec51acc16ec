"""What is cut off anywhere goes on, and sends no byte twice that has arrived."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from api_process import PATIENCE_SECONDS, ApiProcess
from conftest import SERVICE
from packages import large_package, small_package
from proxy import Proxy, once

from slipway_client import Slipway, Unreachable

MEBIBYTE = 1024**2
LARGE = 40
# What was on its way, and the part that a killed API had not kept yet.
LOST = 18 * MEBIBYTE

PUSH = """
import sys
from slipway_client import Slipway
with Slipway(sys.argv[1], progress=False) as slipway:
    pushed = slipway.push(sys.argv[2], sys.argv[3], wait=False)
    print(pushed.version, pushed.content_digest)
"""

MEMORY = """
import resource, sys
from slipway_client import Slipway
with Slipway(sys.argv[1], progress=False) as slipway:
    slipway.push(sys.argv[2], sys.argv[3], wait=False)
    slipway.pull(sys.argv[2], "1.0.0", to=sys.argv[4])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def run(program: str, *arguments: object) -> str:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=180).stdout


def test_goes_on_where_the_connection_was_cut(name: str, tmp_path: Path) -> None:
    folder = large_package(tmp_path / "large", LARGE, name.encode())
    with Proxy(SERVICE) as proxy, Slipway(proxy.url, progress=False) as client:
        proxy.watch_up = once(25 * MEBIBYTE)
        pushed = client.push(name, folder, wait=False)
        assert (pushed.version, pushed.status) != ("1.0.0", "draft")
        assert LARGE * MEBIBYTE < proxy.up < LARGE * MEBIBYTE + LOST / 2


def test_outlives_a_service_that_is_killed_and_started_again(
    api: ApiProcess, name: str, tmp_path: Path
) -> None:
    folder = small_package(tmp_path / "package")
    for number in range(30):
        (folder / f"model/{number}.bin").write_bytes(os.urandom(MEBIBYTE))
    starting = threading.Timer(0.3, api.start)

    def kill() -> None:
        api.kill()
        starting.start()

    with Proxy(api.url) as proxy, Slipway(proxy.url, progress=False) as client:
        proxy.watch_up = once(15 * MEBIBYTE, kill)
        pushed = client.push(name, folder, wait=False)
        starting.join()
        assert pushed.file_count == 32
        assert proxy.up < 40 * MEBIBYTE
        client.pull(name, pushed.version, to=tmp_path / "back")
    for file in folder.rglob("*.*"):
        assert (tmp_path / "back" / file.relative_to(folder)).read_bytes() == file.read_bytes()


def test_waits_while_another_sends_the_same(api: ApiProcess, name: str, tmp_path: Path) -> None:
    """By way of another API, as after a kill -9 of the one that was sent to."""
    folder = large_package(tmp_path / "large", LARGE, name.encode())
    with Proxy(SERVICE) as slow, Proxy(api.url) as proxy:
        goes_on = threading.Event()
        half = threading.Event()

        def stop(count: int) -> None:
            if count > 25 * MEBIBYTE:
                half.set()
                goes_on.wait()

        slow.watch_up = stop
        first = subprocess.Popen([sys.executable, "-c", PUSH, slow.url, name, str(folder)])
        assert half.wait(PATIENCE_SECONDS)
        with Slipway(proxy.url, progress=False) as client:

            def end() -> None:
                first.kill()
                goes_on.set()
                slow.cut()

            threading.Timer(1.5, end).start()
            assert client.push(name, folder, wait=False).version == "1.0.0"
        first.wait()
        sent = slow.up + proxy.up  # once, and not with each time that it asks
        assert sent < (LARGE + 4) * MEBIBYTE


def test_goes_on_after_ctrl_c_with_the_same_draft(name: str, tmp_path: Path) -> None:
    folder = large_package(tmp_path / "large", LARGE, name.encode())
    with Proxy(SERVICE) as proxy:
        half = threading.Event()

        def slowly(count: int) -> None:
            if count > 25 * MEBIBYTE:
                half.set()
                time.sleep(0.05)

        proxy.watch_up = slowly
        command = [sys.executable, "-c", PUSH, proxy.url, name, str(folder)]
        first = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert half.wait(PATIENCE_SECONDS)
        first.send_signal(signal.SIGINT)
        _, said = first.communicate(timeout=PATIENCE_SECONDS)
        assert first.returncode != 0
        assert said.rstrip().endswith("KeyboardInterrupt")
        proxy.watch_up = lambda _count: None
        version, digest = run(PUSH, proxy.url, name, folder).split()
        assert version == "1.0.0"
        assert proxy.up < LARGE * MEBIBYTE + LOST / 2
    with Slipway(SERVICE) as client:
        assert [one.version for one in client.versions(name)] == ["1.0.0"]
        assert client.version(name, version).content_digest == digest


def test_goes_on_after_a_kill_with_what_is_there(name: str, tmp_path: Path) -> None:
    """Also with another draft of the same model beside it, which is not its own."""
    folder = large_package(tmp_path / "large", LARGE, name.encode())
    other = large_package(tmp_path / "other", 33, b"other" + name.encode())
    with Proxy(SERVICE) as proxy:
        process: list[subprocess.Popen[bytes]] = []
        proxy.watch_up = once(25 * MEBIBYTE, lambda: process[0].kill())
        command = [sys.executable, "-c", PUSH, proxy.url, name]
        process.append(subprocess.Popen([*command, str(folder)]))
        process[0].wait(PATIENCE_SECONDS)
        with Slipway(SERVICE, progress=False) as client:
            assert client.push(name, other, wait=False).version == "1.0.1"
        assert run(PUSH, proxy.url, name, folder).split()[0] == "1.0.0"
        assert proxy.up < LARGE * MEBIBYTE + LOST / 2


def test_gives_up_when_nothing_gets_further(name: str, tmp_path: Path) -> None:
    folder = large_package(tmp_path / "large", 33, name.encode())
    with Proxy(SERVICE) as proxy:
        proxy.watch_up = lambda count: count > 5 * MEBIBYTE
        with (
            Slipway(proxy.url, progress=False, retry_seconds=1) as client,
            pytest.raises(Unreachable),
        ):
            client.push(name, folder, wait=False)


def test_holds_as_little_of_a_large_file_as_of_a_small_one(name: str, tmp_path: Path) -> None:
    used = {}
    for mebibytes in (1, 300):
        folder = large_package(tmp_path / str(mebibytes), mebibytes, name.encode())
        model = f"{name}-{mebibytes}"
        used[mebibytes] = int(run(MEMORY, SERVICE, model, folder, tmp_path / f"back{mebibytes}"))
        os.truncate(folder / "model/weights.bin", 0)
    assert used[300] < used[1] + 25
