"""How far it is: a bar in a notebook or a terminal, and nothing where nobody looks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from tqdm.auto import tqdm


class Progress:
    """Of one push or pull. Used by several threads."""

    def __init__(self, shown: bool | None) -> None:
        # None: tqdm shows it in a notebook, and where stderr is a terminal.
        self._disable = None if shown is None else not shown
        self._lock = threading.Lock()
        self._bar: tqdm[Any] | None = None

    def bytes_of(self, what: str, total: int, done: int = 0) -> AbstractContextManager[None]:
        return self._showing(
            desc=what, total=total, initial=done, unit="B", unit_scale=True, unit_divisor=1024
        )

    def lines_of(self, what: str) -> AbstractContextManager[None]:
        """For work of unknown length: `say` shows its last line."""
        return self._showing(desc=what, bar_format="{desc} {elapsed} {postfix}")

    @contextmanager
    def _showing(self, **bar: Any) -> Iterator[None]:
        with tqdm(**bar, disable=self._disable, leave=False, dynamic_ncols=True) as shown:
            self._bar = shown
            try:
                yield
            finally:
                self._bar = None

    def add(self, count: int) -> None:
        """Bytes; negative where some have to be sent again."""
        with self._lock:
            if self._bar is not None:
                self._bar.update(count)

    def say(self, line: str) -> None:
        with self._lock:
            if self._bar is not None:
                self._bar.set_postfix_str(line)
