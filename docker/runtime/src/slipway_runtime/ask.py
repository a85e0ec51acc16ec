"""`slipway-runtime ask`: what a running server answers to a request, and how fast.

A proof asks this way where the container has no network. Standard library only. One line of JSON on
stdout: {"status": 200, "answer": "the body", "seconds": [of each request]}.
"""

import http.client
import json
import sys
import time
from urllib.parse import urlsplit

from slipway_runtime.settings import Settings

LONGEST_ANSWER = 8 * 1024 * 1024
EXIT_NO_ANSWER = 1


def run_ask(settings: Settings, url: str | None, get: bool, times: int, seconds: float) -> int:
    """Posts standard input, or gets, until `times` or `seconds` are reached, once at least, and
    stops at the first answer that is none. 0 when there was an answer of any status, else 1 with
    the reason on stderr."""
    parts = urlsplit(url or f"http://{_bracketed(settings.reached_at)}:{settings.port}/predict")
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    method, body = ("GET", None) if get else ("POST", sys.stdin.buffer.read())
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    taken: list[float] = []
    end = time.monotonic() + seconds
    try:
        while True:
            started = time.perf_counter()
            connection.request(method, target, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read(LONGEST_ANSWER + 1)
            taken.append(time.perf_counter() - started)
            if len(answer) > LONGEST_ANSWER:
                print(f"the answer is larger than {LONGEST_ANSWER} bytes", file=sys.stderr)
                return EXIT_NO_ANSWER
            if response.status != 200 or len(taken) >= times or time.monotonic() > end:
                break
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer: {error or type(error).__name__}", file=sys.stderr)
        return EXIT_NO_ANSWER
    finally:
        connection.close()
    text = answer.decode("utf-8", errors="replace")
    print(json.dumps({"status": response.status, "answer": text, "seconds": taken}))
    return 0


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
