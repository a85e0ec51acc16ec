"""The workers, the one line of requests that wait for them, and the replacing of those that end."""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import ClientDisconnect

from slipway_runtime.cgroup import memory_limit_bytes
from slipway_runtime.errors import LoadFailed, RequestError
from slipway_runtime.server.backoff import Backoff
from slipway_runtime.server.worker import Answer, End, Events, Worker
from slipway_runtime.server.worker_process import WorkerProcess, anonymous_memory_bytes
from slipway_runtime.settings import Settings
from slipway_runtime.value_statistics import ModelStatistics
from slipway_runtime.wire import LoadedModel

WATCH_SECONDS = 0.25
REPORT_SECONDS = 0.25
CLOSE_SECONDS = 3.0
SHARE_OF_CONTAINER = 0.9

log = logging.getLogger(__name__)

StartWorker = Callable[[], WorkerProcess]


class WorkerPool:
    def __init__(
        self, settings: Settings, start: StartWorker, on_failure: Callable[[], None] = lambda: None
    ) -> None:
        self.settings = settings
        self.model: LoadedModel | None = None
        """What the first worker that loaded it has said."""
        self.failure: LoadFailed | None = None
        """Why no worker could load it."""
        self.traceback = ""
        self.draining = False
        self.values = ModelStatistics()
        self.restarts: Counter[str] = Counter()
        """Workers replaced, by the kind of their end."""
        self.asked = 0
        """Requests that wait or are predicted."""
        self.waited_seconds = 0.0
        self.waited_requests = 0
        self._start_process = start
        self._on_failure = on_failure
        self._workers: dict[int, Worker] = {}
        self._idle: list[Worker] = []
        self._waiting: deque[asyncio.Future[Worker]] = deque()
        self._backoff = Backoff()
        self._last_end: End | None = None
        self._stopped = False
        self._watching: asyncio.Task[None] | None = None

    def start(self, processes: Sequence[WorkerProcess]) -> None:
        """In the event loop, with one process for each worker; they may be loading already."""
        for slot, process in enumerate(processes):
            self._add(slot, process)
        self._watching = asyncio.get_running_loop().create_task(self._watch_memory())

    @property
    def workers(self) -> Sequence[Worker]:
        return list(self._workers.values())

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def busy(self) -> int:
        return sum(worker.is_busy for worker in self._workers.values())

    def unready(self) -> tuple[str, str] | None:
        """A word and a sentence, where no prediction can be asked for now."""
        if self.failure is not None:
            return "failed", str(self.failure)
        if self.draining:
            return "draining", "the server is stopping"
        if self.model is None:
            return "loading", "the model is still loading"
        if any(w.model is not None and w.end is None for w in self._workers.values()):
            return None
        return "restarting", self._why_none()

    def require_room(self) -> None:
        """Throws `RequestError` (503) for a request that would not be served if it waited."""
        unready = self.unready()
        if unready is not None and (unready[0] != "restarting" or not self._workers):
            raise RequestError("not_ready", unready[1], status=503)
        if len(self._waiting) >= self.settings.queue_limit:
            raise RequestError(
                "overloaded",
                f"{len(self._waiting)} requests are waiting already (QUEUE_LIMIT)",
                status=503,
            )

    async def ask(self, kind: bytes, body: bytes, is_gone: Callable[[], Awaitable[bool]]) -> Answer:
        """Throws what `require_room` and `Worker.ask` throw, 503 after too long a wait, and
        `ClientDisconnect` where nobody waits for the answer any more when its turn has come."""
        self.require_room()
        self.asked += 1
        try:
            return await self._ask(kind, body, is_gone)
        finally:
            self.asked -= 1

    async def _ask(
        self, kind: bytes, body: bytes, is_gone: Callable[[], Awaitable[bool]]
    ) -> Answer:
        waited = not self._idle
        worker = await self._next_free() if waited else self._idle.pop()
        try:
            if waited and await is_gone():
                raise ClientDisconnect
            return await worker.ask(kind, body, self.settings.predict_timeout_seconds)
        finally:
            if worker.end is None:
                self._free(worker)

    async def collect_values(self) -> None:
        """Lets every worker that is idle say what it has counted."""
        reports = [worker.report(REPORT_SECONDS) for worker in self._idle]
        if reports:
            await asyncio.gather(*reports)

    def cut_off(self) -> bool:
        """Ends what is still being predicted. False where nothing is."""
        busy = [worker for worker in self._workers.values() if worker.is_busy]
        self._stopped = True
        for worker in busy:
            worker.kill(End("stopped", "the server had to stop in mid-prediction"))
        self._refuse_waiting("shutting_down", "the server is stopping")
        return bool(busy)

    async def stop(self) -> None:
        """Ends all workers, in good order where they let it be."""
        self._stopped = True
        if self._watching is not None:
            self._watching.cancel()
        workers = self.workers
        for worker in workers:
            if worker.model is None:
                worker.kill(End("stopped", "the server stops"))
            else:
                worker.close()
        if workers:
            _, late = await asyncio.wait([w.ended for w in workers], timeout=CLOSE_SECONDS)
            for worker in workers:
                if worker.ended in late:
                    worker.kill(End("stopped", "the server stops"))

    async def _next_free(self) -> Worker:
        loop = asyncio.get_running_loop()
        started = time.monotonic()
        turn: asyncio.Future[Worker] = loop.create_future()
        self._waiting.append(turn)
        limit = self.settings.queue_timeout_seconds
        timer = loop.call_later(limit, _give_up, turn, limit)
        try:
            return await turn
        finally:
            timer.cancel()
            self.waited_seconds += time.monotonic() - started
            self.waited_requests += 1
            if turn in self._waiting:
                self._waiting.remove(turn)

    def _free(self, worker: Worker) -> None:
        if worker.retires is not None:
            worker.kill(worker.retires)
            return
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(worker)
                return
        self._idle.append(worker)

    def _add(self, slot: int, process: WorkerProcess) -> None:
        started = time.monotonic()
        limit = self.settings.load_timeout_seconds
        late = End("load", f"the model had not loaded within {limit} s (LOAD_TIMEOUT_SECONDS)")

        def loaded(worker: Worker) -> None:
            timer.cancel()
            self.model = self.model or worker.model
            worker.memory_limit_bytes = self._memory_limit(worker)
            ms = round((time.monotonic() - started) * 1000)
            log.info("model loaded", extra={"ms": ms, "worker": slot})
            self._free(worker)

        def ended(worker: Worker) -> None:
            timer.cancel()
            self._ended(worker)

        worker = Worker(slot, process, Events(loaded, self._count, ended))
        timer = asyncio.get_running_loop().call_later(limit, worker.kill, late)
        self._workers[slot] = worker

    def _count(self, values: dict[str, object]) -> None:
        if values:
            self.values.merge(values)

    def _ended(self, worker: Worker) -> None:
        if self._workers.get(worker.slot) is worker:
            del self._workers[worker.slot]
        if worker in self._idle:
            self._idle.remove(worker)
        end = worker.end
        if self._stopped or end is None:
            return
        if worker.failure is not None:
            end = End("load", str(worker.failure))
        elif worker.model is None and end.kind == "died":
            end = End("load", f"{end.reason} while it loaded the model")
        if self.model is None:
            self._fail(worker.failure or LoadFailed(end.reason), worker.traceback)
            return
        self._last_end = end
        self.restarts[end.kind] += 1
        planned = end is worker.retires
        wait = 0.0 if planned else self._backoff.seconds_after_death(time.monotonic())
        log.log(
            logging.WARNING if planned else logging.ERROR,
            "worker %d ended: %s",
            worker.slot,
            end.reason,
            extra={"worker": worker.slot, "why": end.kind, "replacedInSeconds": wait},
        )
        if wait == 0:
            self._replace(worker.slot)
            return
        asyncio.get_running_loop().call_later(wait, self._replace, worker.slot)
        if not self._workers:
            self._refuse_waiting("not_ready", self._why_none())

    def _replace(self, slot: int) -> None:
        if not self._stopped:
            self._add(slot, self._start_process())

    def _fail(self, failure: LoadFailed, traceback: str) -> None:
        self._stopped = True
        self.failure, self.traceback = failure, traceback
        for worker in self._workers.values():
            worker.kill(End("stopped", "the model does not load"))
        self._on_failure()

    def _why_none(self) -> str:
        reason = self._last_end.reason if self._last_end is not None else ""
        times = self._backoff.deaths
        often = f", {times} times in a row" if times > 1 else ""
        return f"the model's worker ended and is started again{often}: {reason}"

    def _refuse_waiting(self, code: str, reason: str) -> None:
        for turn in self._waiting:
            if not turn.done():
                turn.set_exception(RequestError(code, reason, status=503))

    def _memory_limit(self, worker: Worker) -> int | None:
        """None where the model alone takes it: such a worker would be replaced for ever."""
        limit = self.settings.worker_max_memory_bytes
        if limit is None:
            container = memory_limit_bytes()
            limit = container and int(container * SHARE_OF_CONTAINER / self.settings.workers)
        held = anonymous_memory_bytes(worker.pid)
        if limit and held > limit:
            log.warning(
                "the model takes %d bytes once loaded, more than the worker's %d "
                "(WORKER_MAX_MEMORY_BYTES): no limit is held",
                held,
                limit,
            )
            return None
        return limit

    async def _watch_memory(self) -> None:
        """A worker above its limit is replaced when it has answered; one that still is so at the
        next look, in the same prediction, is ended."""
        above: dict[Worker, object] = {}
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            before, above = above, {}
            for worker in self.workers:
                limit = worker.memory_limit_bytes
                if not limit or worker.end or (held := anonymous_memory_bytes(worker.pid)) <= limit:
                    continue
                end = End("memory", f"it holds {held} bytes, more than {limit}")
                worker.retires = worker.retires or end
                if not worker.is_busy:
                    if worker in self._idle:
                        self._idle.remove(worker)
                    worker.kill(worker.retires)
                elif before.get(worker) is worker.question:
                    worker.kill(end)
                else:
                    above[worker] = worker.question


def _give_up(turn: "asyncio.Future[Worker]", seconds: float) -> None:
    if not turn.done():
        message = f"no worker was free within {seconds:g} s (QUEUE_TIMEOUT_SECONDS)"
        turn.set_exception(RequestError("overloaded", message, status=503))
