"""Holds the one model of this process: loads it in the background, runs work on it in threads."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from slipway_runtime.cpu_limit import cpu_limit
from slipway_runtime.description import ModelDescription
from slipway_runtime.errors import LoadFailed, RequestError
from slipway_runtime.loading import load_model
from slipway_runtime.model import Model

Answer = TypeVar("Answer")
log = logging.getLogger(__name__)


class ModelHost:
    """`loading`, then for good `ready` or, with a `failure`, broken."""

    def __init__(
        self,
        description: ModelDescription,
        package: Path,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self.description = description
        self.model: Model | None = None
        self.failure: LoadFailed | None = None
        self._package = package
        self._on_failure = on_failure
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="predict")
        self._running: set[Future[Any]] = set()

    def start_loading(self) -> None:
        # A daemon: a model that hangs while it loads must not keep the process from ending.
        threading.Thread(target=self._load, name="load-model", daemon=True).start()

    async def run(self, work: Callable[[Model], Answer]) -> Answer:
        """Runs `work` off the event loop. Throws what `loaded` and `work` throw.

        Where the model is not thread-safe there is one thread, and work waits in line.
        """
        model = self.loaded()
        future = self._threads.submit(work, model)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return await asyncio.wrap_future(future)

    def is_busy(self) -> bool:
        """Whether work still runs, though nobody may be waiting for it any more."""
        return any(future.running() for future in self._running)

    def loaded(self) -> Model:
        """Throws `RequestError` (503) while there is no model."""
        if self.model is None:
            raise RequestError("not_ready", "the model is still loading", status=503)
        return self.model

    def _load(self) -> None:
        started = time.monotonic()
        try:
            model = load_model(self.description, self._package)
        except LoadFailed as failure:
            self.failure = failure
            self._on_failure()
            return
        if model.thread_safe:
            self._threads = ThreadPoolExecutor(cpu_limit(), thread_name_prefix="predict")
        self.model = model
        log.info("model loaded", extra={"ms": round((time.monotonic() - started) * 1000)})
