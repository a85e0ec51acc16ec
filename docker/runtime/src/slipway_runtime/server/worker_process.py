"""A worker's process: started, watched, ended."""

import os
import socket
import subprocess
import sys
from typing import Protocol


class WorkerProcess(Protocol):
    connection: socket.socket
    """The front's end of the pair."""
    pid: int

    def wait(self) -> int:
        """Blocks until its end: its exit code, or -n where signal n ended it."""

    def kill(self) -> None:
        """Whatever it is doing. Does nothing when it has ended."""


class SpawnedWorker:
    """Spawned, not forked: libraries with threads of their own do not survive a fork."""

    def __init__(self) -> None:
        self.connection, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*_this_program(), "worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        self.pid = self._process.pid

    def wait(self) -> int:
        return self._process.wait()

    def kill(self) -> None:
        self._process.kill()


def _this_program() -> list[str]:
    """As this process was started, without its arguments: the launcher of an image makes more
    importable than `-m` would."""
    return [sys.executable, *sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1]]


def anonymous_memory_bytes(pid: int) -> int:
    """What it holds and cannot give back: not the pages of files, which a mapped model has many of.

    0 where there is no /proc, or no such process any more. proc(5), statm.
    """
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            _, resident, shared, *_ = file.read().split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """User and system time; 0 as above. proc(5), stat."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
