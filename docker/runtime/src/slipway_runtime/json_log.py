"""Logs as one JSON object on each line: {time, level, message, logger, model, version, …}."""

import datetime
import io
import logging
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from slipway_runtime.json_text import encode_text

# What every LogRecord has; anything else on one was given as `extra`.
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class JsonFormatter(logging.Formatter):
    def __init__(self, always: Mapping[str, Any]) -> None:
        super().__init__()
        self._always = always

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc)
        line: dict[str, Any] = {
            "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "logger": record.name,
            **self._always,
        }
        line.update((k, v) for k, v in vars(record).items() if k not in STANDARD)
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        try:
            return encode_text(line)
        except (TypeError, ValueError):  # the package's own code may log anything
            return encode_text({key: str(value) for key, value in line.items()})


def log_json(stream: TextIO, level: str, always: Mapping[str, Any] | None = None) -> None:
    """Sends every log of this process to `stream`, warnings of libraries among them."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter(always or {}))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)


class PrintedLines(io.TextIOBase):
    """Stands for `sys.stdout`, so that what a model prints becomes log lines like all others."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self._line = ""
        self._log = logging.getLogger("print")

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._log.info(line)
        return len(text)


def log_prints() -> None:
    sys.stdout = PrintedLines()
