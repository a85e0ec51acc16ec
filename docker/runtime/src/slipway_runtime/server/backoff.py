"""How long a worker that has ended is not replaced."""

from dataclasses import dataclass

FREE_DEATHS = 2
FIRST_SECONDS = 1.0
LONGEST_SECONDS = 30.0
FORGOTTEN_AFTER_SECONDS = 120.0


@dataclass
class Backoff:
    """0, 0, 1, 2, 4 … 30 s; from the start again when none has died for two minutes."""

    deaths: int = 0
    _last: float = 0.0

    def seconds_after_death(self, now: float) -> float:
        if now - self._last > FORGOTTEN_AFTER_SECONDS:
            self.deaths = 0
        self._last = now
        self.deaths += 1
        if self.deaths <= FREE_DEATHS:
            return 0.0
        return float(min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** (self.deaths - FREE_DEATHS - 1)))
