"""How long a service that does not answer is asked again."""

from __future__ import annotations

import random
import threading
import time

LONGEST_PAUSE = 10.0


class Stopped(BaseException):
    """Another thread of the same work has failed, or was interrupted."""


class Patience:
    """Counts from the first of a row of failures; whoever gets further calls `reset`."""

    def __init__(self, seconds: float, stop: threading.Event) -> None:
        self._seconds = seconds
        self._stop = stop
        self.reset()

    def reset(self) -> None:
        self._failures = 0
        self._until: float | None = None

    def pause(self, retry_after: str | None = None) -> bool:
        """Waits until it is time to ask again. False where the time is over. Throws `Stopped`."""
        now = time.monotonic()
        if self._until is None:
            self._until = now + self._seconds
        wanted = _seconds_in(retry_after)
        if wanted is None:
            wanted = min(LONGEST_PAUSE, 0.2 * 2**self._failures) * random.uniform(0.5, 1)
        self._failures = min(self._failures + 1, 10)
        if now + wanted > self._until:
            return False
        if self._stop.wait(wanted):
            raise Stopped
        return True


def _seconds_in(retry_after: str | None) -> float | None:
    """Seconds alone: that is how Slipway writes it (RFC 9110 §10.2.3 allows a date)."""
    return float(retry_after) if retry_after is not None and retry_after.isdigit() else None
