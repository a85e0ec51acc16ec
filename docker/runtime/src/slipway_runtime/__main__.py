"""`slipway-runtime serve | batch | health | ask`. Each command imports only what it needs."""

import argparse
import os
import socket
import sys
from collections.abc import Sequence

from slipway_runtime import __version__
from slipway_runtime.errors import SettingError
from slipway_runtime.settings import read_settings

EXIT_USAGE = 2


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    try:
        settings = read_settings(os.environ)
    except SettingError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    if arguments.command == "health":
        from slipway_runtime.health_probe import run_health

        return run_health(settings)
    if arguments.command == "ask":
        from slipway_runtime.ask import run_ask

        return run_ask(settings, *ask_options(arguments))
    if arguments.command == "batch":
        from slipway_runtime.batch.command import run_batch

        return run_batch(arguments, settings)
    if arguments.command == "worker":
        from slipway_runtime.worker.process import run_worker

        return run_worker(socket.socket(fileno=arguments.connection), settings)
    from slipway_runtime.server.serve import run_server

    return run_server(settings)


def ask_options(arguments: argparse.Namespace) -> tuple[str | None, bool, int, float]:
    return arguments.url, arguments.get, arguments.times, arguments.seconds


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="slipway-runtime", description="Serves one packaged model.")
    root.add_argument("--version", action="version", version=__version__)
    commands = root.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve the model over HTTP")
    worker = commands.add_parser("worker")  # which `serve` starts, and nobody else
    worker.add_argument("connection", type=int)
    commands.add_parser("health", help="exit 0 when the server of this container is ready")
    ask = commands.add_parser("ask", help="post standard input to a running server and time it")
    ask.add_argument("--url", help="default: /predict of the server of this container")
    ask.add_argument("--get", action="store_true", help="get, and send nothing")
    ask.add_argument("--times", type=int, default=1, metavar="N", help="default: 1")
    ask.add_argument("--seconds", type=float, default=30, metavar="S", help="default: 30")
    batch = commands.add_parser("batch", help="predict for every row of a file")
    batch.add_argument("--input", required=True, metavar="FILE", help="- is standard input")
    batch.add_argument("--output", required=True, metavar="FILE", help="- is standard output")
    batch.add_argument(
        "--format", choices=["csv", "jsonl", "parquet"], help="else told by the input's name"
    )
    batch.add_argument("--no-header", action="store_true", help="the CSV has no row of names")
    batch.add_argument("--delimiter", default=",", help="of the CSV's cells (default: a comma)")
    batch.add_argument("--chunk-rows", type=int, default=1000, metavar="N", help="default: 1000")
    batch.add_argument(
        "--no-resume", action="store_true", help="begin anew also where a run of this was killed"
    )
    return root


if __name__ == "__main__":
    sys.exit(main())
