from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Optional
from urllib.parse import urlsplit

Watch = Callable[[int], Optional[bool]]


class Proxy:
    """A way to a server that counts the bytes up and down, and ends connections when it is told to:
    `watch_up` and `watch_down` are given the count, and cut by returning True."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (str(parts.hostname), int(parts.port or 80))
        self.up = 0
        self.down = 0
        self.watch_up: Watch = lambda _count: None
        self.watch_down: Watch = lambda _count: None
        self.change_down: Callable[[bytes], bytes] = lambda chunk: chunk
        self._open: set[socket.socket] = set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        self.cut()

    def cut(self) -> None:
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        with near:
            try:
                far = socket.create_connection(self._target)
            except OSError:
                return
            with far:
                self._open |= {near, far}
                upward = threading.Thread(target=self._pass, args=(near, far, "up"), daemon=True)
                upward.start()
                self._pass(far, near, "down")
                upward.join()
                self._open -= {near, far}

    def _pass(self, source: socket.socket, sink: socket.socket, way: str) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                if way == "up":
                    self.up += len(chunk)
                    is_over = self.watch_up(self.up)
                else:
                    self.down += len(chunk)
                    is_over = self.watch_down(self.down)
                    chunk = self.change_down(chunk)
                if is_over:
                    break
                sink.sendall(chunk)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def once(at: int, act: Callable[[], None] = lambda: None) -> Watch:
    """Cuts when the count has come so far, and never again."""
    left = [at]

    def watch(count: int) -> bool:
        if not left or count < left[0]:
            return False
        left.clear()
        act()
        return True

    return watch
