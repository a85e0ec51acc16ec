"""How far it is, on stderr: a line that is written over on a terminal, else a line of the log."""

import logging
import sys
import time

LOG_SECONDS = 10.0
TERMINAL_SECONDS = 0.5

log = logging.getLogger("slipway_runtime.batch")


class ProgressLine:
    def __init__(self, rows: int, share: float | None) -> None:
        """Of a run that begins when so much is done already."""
        self._first_rows = rows
        self._first_share = share or 0.0
        self._started = self._shown = time.monotonic()
        self._on_terminal = sys.stderr.isatty()

    def show(self, rows: int, share: float | None) -> None:
        """`share` is how much of the input is done, where its size is known."""
        now = time.monotonic()
        if now - self._shown < (TERMINAL_SECONDS if self._on_terminal else LOG_SECONDS):
            return
        self._shown = now
        per_second, left = self._speed(rows), self._seconds_left(share)
        if self._on_terminal:
            rest = "" if left is None else f", {left} s left"
            sys.stderr.write(f"\r\x1b[K{rows:,} rows, {per_second:,} a second{rest}")
            sys.stderr.flush()
        else:
            extra = {"rows": rows, "rowsPerSecond": per_second, "secondsLeft": left}
            log.info("progress", extra=extra)

    def done(self, rows: int) -> None:
        if self._on_terminal:
            sys.stderr.write("\r\x1b[K")
        log.info("done", extra={"rows": rows, "rowsPerSecond": self._speed(rows)})

    def _speed(self, rows: int) -> int:
        return round((rows - self._first_rows) / max(1e-9, time.monotonic() - self._started))

    def _seconds_left(self, share: float | None) -> int | None:
        """As long as the rest takes at the speed so far."""
        if share is None or share <= self._first_share:
            return None
        taken = time.monotonic() - self._started
        return round(taken * (1 - share) / (share - self._first_share))
