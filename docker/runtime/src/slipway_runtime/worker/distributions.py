"""Which versions of a model's frameworks are installed."""

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version


def versions_of(distributions: Iterable[str]) -> dict[str, str]:
    versions = {}
    for name in distributions:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue  # pandas, say, where no model needed it
    return versions
