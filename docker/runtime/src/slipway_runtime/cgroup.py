"""What this container uses of CPU and memory, and how much memory it may: cgroup v2, or v1."""

from dataclasses import dataclass
from pathlib import Path

from slipway_runtime.cpu_limit import CGROUP

UNLIMITED_BYTES = 2**60
"""v1 has no word for it, but a number near 2^63."""


@dataclass(frozen=True)
class CpuUse:
    seconds: float
    throttled_seconds: float


def cpu_use(cgroup: Path = CGROUP) -> CpuUse | None:
    v2 = _table(cgroup / "cpu.stat")
    if "usage_usec" in v2:
        return CpuUse(v2["usage_usec"] / 1e6, v2.get("throttled_usec", 0) / 1e6)
    used = _number(cgroup / "cpuacct" / "cpuacct.usage")
    if used is None:
        return None
    return CpuUse(used / 1e9, _table(cgroup / "cpu" / "cpu.stat").get("throttled_time", 0) / 1e9)


def memory_limit_bytes(cgroup: Path = CGROUP) -> int | None:
    limit = _number(cgroup / "memory.max")
    if limit is None:
        limit = _number(cgroup / "memory" / "memory.limit_in_bytes")
    return limit if limit is not None and limit < UNLIMITED_BYTES else None


def memory_use_bytes(cgroup: Path = CGROUP) -> int | None:
    """Without the pages of files that the kernel would give up first, as Kubernetes counts it."""
    used = _number(cgroup / "memory.current")
    if used is not None:
        return used - _table(cgroup / "memory.stat").get("inactive_file", 0)
    used = _number(cgroup / "memory" / "memory.usage_in_bytes")
    if used is None:
        return None
    return used - _table(cgroup / "memory" / "memory.stat").get("total_inactive_file", 0)


def _number(file: Path) -> int | None:
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _table(file: Path) -> dict[str, int]:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return {}
    return {name: int(value) for name, _, value in (line.partition(" ") for line in lines)}
