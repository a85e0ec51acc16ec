"""One worker, as the front sees it: it loads, answers one request after the other, and ends."""

import asyncio
import json
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from slipway_runtime.errors import LoadFailed, RequestError
from slipway_runtime.server.worker_process import WorkerProcess
from slipway_runtime.wire import (
    ANSWER,
    FAILED,
    HEAD,
    LOADED,
    STATISTICS,
    LoadedModel,
    frame,
    loaded_model,
)

LAST_WORDS_SECONDS = 0.5
"""After its process has ended, for what is still in the socket."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


@dataclass(frozen=True)
class Events:
    """What happens to a worker, for the pool to hear."""

    loaded: Callable[["Worker"], None]
    counted: Callable[[dict[str, Any]], None]
    ended: Callable[["Worker"], None]


@dataclass(frozen=True)
class End:
    """Why a worker ended. `kind` is one of a few words, for the metrics."""

    kind: str
    reason: str


class Worker(asyncio.Protocol):
    def __init__(self, slot: int, process: WorkerProcess, events: Events) -> None:
        """To be called in the event loop."""
        self.slot = slot
        self.pid = process.pid
        self.model: LoadedModel | None = None
        self.failure: LoadFailed | None = None
        self.traceback = ""
        self.end: End | None = None
        """None while it is well; once it is there, the process has ended or is about to."""
        self.retires: End | None = None
        """It is to end with this as soon as it is idle."""
        self.memory_limit_bytes: int | None = None
        self._process = process
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._answer: asyncio.Future[Answer] | None = None
        self._report: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._closed = self._loop.create_future()
        self._exit_code = self._loop.create_future()
        threading.Thread(target=self._wait, name="wait-for-worker", daemon=True).start()
        self.ended = self._loop.create_task(self._run())

    @property
    def is_busy(self) -> bool:
        return self._answer is not None

    @property
    def question(self) -> object:
        """Another one for each request."""
        return self._answer

    async def ask(self, kind: bytes, body: bytes, timeout_seconds: float) -> Answer:
        """Nobody else is asking. Throws `RequestError` where the worker ended meanwhile, 504 when
        it did not answer in time."""
        assert self._transport is not None
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._answer = answer
        too_late = End("timeout", f"no prediction within {timeout_seconds:g} s")
        timer = self._loop.call_later(timeout_seconds, self.kill, too_late)
        try:
            self._transport.write(frame(kind, body))
            return await answer
        except asyncio.CancelledError:
            self.kill(End("stopped", "the server stops"))  # it would answer the next request
            raise
        finally:
            timer.cancel()
            self._answer = None

    async def report(self, timeout_seconds: float) -> None:
        """Lets it say what it has counted. One that is busy says so later."""
        if self._transport is None or self.end is not None:
            return
        self._report = self._loop.create_future()
        self._transport.write(frame(STATISTICS))
        await asyncio.wait([self._report], timeout=timeout_seconds)

    def kill(self, end: End) -> None:
        if self.end is None:
            self.end = end
        self._process.kill()

    def close(self) -> None:
        """It ends by itself when it has answered."""
        if self.end is None:
            self.end = End("stopped", "the server stops")
        if self._transport is not None:
            self._transport.close()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        while len(received) >= HEAD.size:
            kind, status, length = HEAD.unpack_from(received)
            end = HEAD.size + length
            if len(received) < end:
                return
            body = bytes(received[HEAD.size : end])
            del received[:end]
            self._take(kind, status, body)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closed.done():
            self._closed.set_result(None)

    def _take(self, kind: bytes, status: int, body: bytes) -> None:
        if kind == ANSWER:
            if self._answer is not None and not self._answer.done():
                self._answer.set_result(Answer(status, body))
        elif kind == STATISTICS:
            self._events.counted(json.loads(body))
            if self._report is not None and not self._report.done():
                self._report.set_result(None)
        elif kind == LOADED:
            self.model = loaded_model(body)
            self._events.loaded(self)
        elif kind == FAILED:
            told = json.loads(body)
            self.failure, self.traceback = LoadFailed(told["reason"]), told["traceback"]

    async def _run(self) -> None:
        """Until the process has ended. What it was asked then has its answer, though a bad one."""
        await self._loop.create_unix_connection(lambda: self, sock=self._process.connection)
        await asyncio.wait([self._closed, self._exit_code], return_when=asyncio.FIRST_COMPLETED)
        if not self._exit_code.done() and self.end is None:
            self._process.kill()  # it has closed the connection: nobody can ask it any more
        code = await self._exit_code
        # A process that it has forked may hold the connection open.
        await asyncio.wait([self._closed], timeout=LAST_WORDS_SECONDS)
        if self._transport is not None:
            self._transport.abort()
        if self.end is None:
            self.end = End("died", f"its process {_in_words(code)}")
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(_error_of(self.end))
        self._events.ended(self)

    def _wait(self) -> None:
        code = self._process.wait()

        def tell() -> None:
            self._exit_code.set_result(code)

        try:
            self._loop.call_soon_threadsafe(tell)
        except RuntimeError:
            return  # the loop has ended before


def _in_words(code: int) -> str:
    if code >= 0:
        return f"exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    return f"was ended by {name}"


def _error_of(end: End) -> RequestError:
    if end.kind == "timeout":
        limit = f"{end.reason} (PREDICT_TIMEOUT_SECONDS)"
        return RequestError("prediction_timeout", limit, status=504)
    if end.kind == "stopped":
        return RequestError("shutting_down", end.reason, status=503)
    return RequestError("worker_ended", f"the model's worker ended: {end.reason}", status=500)
