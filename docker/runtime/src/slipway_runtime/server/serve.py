"""`slipway-runtime serve`: the process round the application."""

import faulthandler
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from slipway_runtime.description import read_description
from slipway_runtime.errors import LoadFailed
from slipway_runtime.json_log import log_json, log_prints
from slipway_runtime.library_environment import prepare_libraries
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
    log_json(
        sys.stdout,
        settings.log_level,
        {"model": description.model, "version": description.version},
    )
    log_prints()
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        log.error("cannot listen on %s:%d: %s", settings.host, settings.port, error.strerror)
        return EXIT_LISTEN_FAILED
    prepare_libraries()

    import uvicorn

    from slipway_runtime.model_host import ModelHost
    from slipway_runtime.server.app import create_app

    def stop() -> None:
        server.should_exit = True

    host = ModelHost(description, settings.package, on_failure=stop)
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(host, settings.max_body_bytes),
            log_config=None,
            access_log=False,
            proxy_headers=False,
            ws="none",
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=settings.shutdown_seconds,
        )
    )
    # uvicorn takes the signals over while it runs, and then raises them again.
    on_signal(lambda *_: stop())
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    log.info("listening", extra={"host": settings.host, "port": settings.port})
    server.run(sockets=[listener])
    if host.failure:
        return _load_failed(host.failure)
    if host.is_busy():
        log.error("stopped in mid-prediction: it took longer than SHUTDOWN_SECONDS")
        os._exit(EXIT_CUT_OFF)  # the interpreter would wait for the prediction's thread
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


def _load_failed(failure: LoadFailed) -> int:
    log.error("the model cannot be served: %s", failure, exc_info=failure.__cause__)
    return EXIT_LOAD_FAILED


def on_signal(handler: Callable[[int, FrameType | None], None]) -> None:
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, handler)


def _exit(signum: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
