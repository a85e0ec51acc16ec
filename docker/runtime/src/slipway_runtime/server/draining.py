"""uvicorn, ended in stages: no longer ready, then idle, then closed."""

import asyncio
from collections.abc import Sequence
from types import FrameType
from typing import Any

import uvicorn

from slipway_runtime.server.request_head import bounded_heads
from slipway_runtime.server.worker_pool import WorkerPool

LOOK_SECONDS = 0.05
CLOSE_SECONDS = 5
"""For answers that are on their way to slow callers."""


class DrainingServer(uvicorn.Server):
    """On SIGTERM or SIGINT `/ready` is 503 and new predictions are refused with 503, while those
    that were there are answered. Then, or after `shutdown_seconds`, or at a second signal, it
    closes."""

    def __init__(
        self,
        app: Any,
        pool: WorkerPool,
        headers: Sequence[tuple[str, str]],
        keep_alive_seconds: int,
        head_seconds: int,
        shutdown_seconds: int,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                proxy_headers=False,
                http=bounded_heads(head_seconds),
                ws="none",
                server_header=False,
                headers=list(headers),
                timeout_keep_alive=keep_alive_seconds,
                timeout_graceful_shutdown=CLOSE_SECONDS,
            )
        )
        self.cut_off = False
        self._pool = pool
        self._shutdown_seconds = shutdown_seconds
        self._draining: asyncio.Task[None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by uvicorn for SIGTERM and SIGINT."""
        if self._pool.draining:
            self._shutdown_seconds = 0
        self._pool.draining = True

    async def on_tick(self, counter: int) -> bool:
        """Called by uvicorn ten times a second."""
        if self._pool.draining and self._draining is None:
            self._draining = asyncio.get_running_loop().create_task(self._drain())
        return await super().on_tick(counter)

    async def _drain(self) -> None:
        waited = 0.0
        while self._pool.asked and waited < self._shutdown_seconds:
            await asyncio.sleep(LOOK_SECONDS)
            waited += LOOK_SECONDS
        self.cut_off = self._pool.cut_off()
        self.should_exit = True
