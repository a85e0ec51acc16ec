"""Whether a framework's error says that it does not take an input, and that in one sentence."""

import traceback

from slipway_runtime.errors import RequestError


def raised_in(package: str, error: BaseException) -> bool:
    """Whether code of `package` raised it, rather than code that it called."""
    frames = list(traceback.walk_tb(error.__traceback__))
    name = str(frames[-1][0].f_globals.get("__name__", "")) if frames else ""
    return name == package or name.startswith(f"{package}.")


def refused_by_model(error: BaseException, *, lines: int = 2) -> RequestError:
    """A 400 with the first lines of what the framework says."""
    return RequestError("refused_by_model", " ".join(str(error).split("\n")[:lines]))
