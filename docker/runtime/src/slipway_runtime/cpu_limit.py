"""How many cores this container may use."""

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def cpu_limit(cgroup: Path = CGROUP) -> int:
    """Whole cores, at least 1: the smaller of the CPU set and the quota, rounded up.

    Libraries that size their pools by the machine's cores run slower under a quota.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = cpu_quota(cgroup)
    return max(1, min(cores or 1, math.ceil(quota) if quota else cores or 1))


def cpu_quota(cgroup: Path = CGROUP) -> float | None:
    """In cores: cgroup v2's `cpu.max` ("max 100000" or "150000 100000", in µs), or v1's pair of
    files."""
    try:
        if (cgroup / "cpu.max").exists():
            limit, period = (cgroup / "cpu.max").read_text().split()
        else:
            limit = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text().strip()
    except OSError:
        return None  # not in a cgroup that limits
    return None if limit in ("max", "-1") else int(limit) / int(period)
