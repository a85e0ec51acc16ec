"""`slipway-runtime serve`: the front process, which speaks HTTP, and its start and end.

It imports nothing heavy, so that it answers at once: the model is in the workers' processes.
"""

import faulthandler
import logging
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from slipway_runtime.description import read_description
from slipway_runtime.errors import LoadFailed
from slipway_runtime.json_log import log_json
from slipway_runtime.server.worker_process import SpawnedWorker
from slipway_runtime.settings import Settings

EXIT_LISTEN_FAILED = 1
EXIT_CUT_OFF = 1
EXIT_LOAD_FAILED = 3
# Longer than a load balancer's 60, so that it is never this side that hangs up first.
KEEP_ALIVE_SECONDS = 75

log = logging.getLogger("slipway_runtime")


def run_server(settings: Settings) -> int:
    """0 after SIGTERM or SIGINT, 3 when the model does not load, as the last log line says."""
    faulthandler.enable()
    on_signal(_exit)
    log_json(sys.stdout, settings.log_level)
    try:
        description = read_description(settings.description)
    except LoadFailed as failure:
        return _load_failed(failure)
    always = {"model": description.model, "version": description.version}
    log_json(sys.stdout, settings.log_level, always)
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        log.error("cannot listen on %s:%d: %s", settings.host, settings.port, error.strerror)
        return EXIT_LISTEN_FAILED
    # They load the model while this process imports the rest.
    processes = [SpawnedWorker() for _ in range(settings.workers)]

    from slipway_runtime.server.access_log import AccessLog
    from slipway_runtime.server.app import create_app
    from slipway_runtime.server.draining import DrainingServer
    from slipway_runtime.server.identity_headers import identity_headers
    from slipway_runtime.server.worker_pool import WorkerPool

    def stop() -> None:
        server.should_exit = True

    pool = WorkerPool(settings, SpawnedWorker, on_failure=stop)
    access = AccessLog(sys.stdout, settings.log_level, always)
    app = create_app(description, settings, pool, access, start=lambda: pool.start(processes))
    headers = identity_headers(description, settings.image_digest)
    server = DrainingServer(
        app,
        pool,
        headers,
        keep_alive_seconds=KEEP_ALIVE_SECONDS,
        head_seconds=settings.body_timeout_seconds,
        shutdown_seconds=settings.shutdown_seconds,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    log.info("listening", extra={"host": settings.host, "port": settings.port})
    server.run(sockets=[listener])
    if pool.failure is not None:
        return _load_failed(pool.failure, pool.traceback)
    if server.cut_off:
        log.error("stopped in mid-prediction: it took longer than SHUTDOWN_SECONDS")
        return EXIT_CUT_OFF
    return 0


def listen(host: str, port: int) -> socket.socket:
    """Connections wait in the backlog from here on, while the rest is imported."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named: else 40 ms an answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(2048)
    return listener


def _load_failed(failure: LoadFailed, traceback: str = "") -> int:
    extra = {"traceback": traceback} if traceback else None
    log.error("the model cannot be served: %s", failure, exc_info=failure.__cause__, extra=extra)
    return EXIT_LOAD_FAILED


def on_signal(handler: Callable[[int, FrameType | None], None]) -> None:
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, handler)


def _exit(signum: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
