"""A request's head: of bounded size, within bounded time. uvicorn bounds neither."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LIMIT_BYTES = 64 * 1024
"""As proxies have it. What comes with the first read is passed whatever its size, so what one
connection can hold is this and one read of the socket."""

TOO_SLOW = (408, b"Request Timeout")
TOO_LARGE = (431, b"Request Header Fields Too Large")


def bounded_heads(seconds: float) -> type[asyncio.Protocol]:
    """uvicorn's protocol for one that closes connections whose head is not there within `seconds`
    of its first byte (408), or is too large (431). One that was opened and says nothing at all is
    closed when one that is kept alive would be."""

    class BoundedHeads(HttpToolsProtocol):
        _head_bytes: int | None = None
        """Read of a head that is not whole; null between two."""
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._wait(self.timeout_keep_alive)

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._head_bytes = 0
            self._wait(seconds)

        def on_headers_complete(self) -> None:
            self._head_bytes = None
            self._stop_waiting()
            super().on_headers_complete()

        def data_received(self, data: bytes) -> None:
            if self._head_bytes is not None:
                self._head_bytes += len(data)
            super().data_received(data)
            if self._head_bytes is not None and self._head_bytes > LIMIT_BYTES:
                self._refuse(*TOO_LARGE)

        def _wait(self, seconds: float) -> None:
            self._stop_waiting()
            self._timer = self.loop.call_later(seconds, self._waited, seconds)

        def _stop_waiting(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _waited(self, seconds: float) -> None:
            if self.cycle is not None and not self.cycle.response_complete:
                self._wait(seconds)  # the request before it, on the same connection, is answered
            elif self._head_bytes is None:
                self.transport.close()
            else:
                self._refuse(*TOO_SLOW)

        def _refuse(self, status: int, reason: bytes) -> None:
            self._stop_waiting()
            if self.transport.is_closing():
                return
            closing = (b"connection", b"close"), (b"content-length", b"0")
            headers = (*self.server_state.default_headers, *closing)
            lines = (b"%b: %b\r\n" % header for header in headers)
            self.transport.write(b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, reason, b"".join(lines)))
            self.transport.close()

    return BoundedHeads
