"""The number of a new version."""

from __future__ import annotations

import re

from slipway_client.errors import Invalid

STEPS = {"auto": 2, "patch": 2, "minor": 1, "major": 0}
FIRST = "1.0.0"

# Strict semver without +build; what exactly it may be the service says.
_SEMVER = re.compile(r"(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?")


def is_step(version: str) -> bool:
    """`auto`, `patch`, `minor` or `major`. Throws `Invalid` for what is no version either."""
    if version in STEPS:
        return True
    if _SEMVER.fullmatch(version) is None:
        raise Invalid(
            f"{version!r} is no version: write major.minor.patch such as 1.2.0, "
            f"or one of {', '.join(STEPS)}",
            code="invalid_version",
        )
    return False


def is_release(version: str) -> bool:
    return "-" not in version


def next_number(step: str, highest: str | None) -> str:
    """After the highest release; `FIRST` where there is none."""
    if highest is None:
        return FIRST
    found = _SEMVER.fullmatch(highest)
    if found is None:
        raise ValueError(highest)
    numbers = [int(part) for part in found.groups()[:3]]
    place = STEPS[step]
    return ".".join(
        str(part) for part in [*numbers[:place], numbers[place] + 1, *[0] * (2 - place)]
    )
