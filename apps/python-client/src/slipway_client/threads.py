"""Work on many files at once."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Callable, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def for_each(
    items: Iterable[Item],
    work: Callable[[Item], Result],
    *,
    at_once: int,
    stop: threading.Event,
) -> list[Result]:
    """What `work` gives for each, in order. The first error, or Ctrl-C, sets `stop`, at which the
    others end by themselves; it is thrown when they have."""
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="slipway")
    try:
        running = [pool.submit(work, item) for item in items]
        done, _ = wait(running, return_when=FIRST_EXCEPTION)
        for one in done:
            one.result()
        return [one.result() for one in running]
    except BaseException:
        stop.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
