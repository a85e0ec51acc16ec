"""`slipway-runtime health`: the image's health check. Starts in milliseconds, so stdlib only."""

import socket
import sys

from slipway_runtime.settings import Settings

TIMEOUT_SECONDS = 3


def run_health(settings: Settings) -> int:
    """0 when the server in this container is ready to predict, else 1 with the reason on stderr."""
    host = settings.reached_at
    try:
        with socket.create_connection((host, settings.port), TIMEOUT_SECONDS) as connection:
            connection.sendall(b"GET /ready HTTP/1.0\r\nHost: localhost\r\n\r\n")
            answer = connection.recv(64)
    except OSError as error:
        print(f"no answer on {host}:{settings.port}: {error}", file=sys.stderr)
        return 1
    status = answer.split(b" ", 2)[1:2]
    if status != [b"200"]:
        print(f"not ready: {answer[:30].decode('latin-1')}", file=sys.stderr)
        return 1
    return 0
