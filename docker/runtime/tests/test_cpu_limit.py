import os
from pathlib import Path

import pytest

from slipway_runtime.cpu_limit import cpu_limit

CORES = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("cpu_max", "cores"),
    [("max 100000", CORES), ("50000 100000", 1), ("100000 100000", 1), ("6400000 100000", CORES)],
)
def test_a_quota_of_cgroup_v2_is_rounded_up(tmp_path: Path, cpu_max: str, cores: int) -> None:
    (tmp_path / "cpu.max").write_text(cpu_max + "\n")
    assert cpu_limit(tmp_path) == cores


def test_a_quota_of_cgroup_v1_counts_too(tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    for quota, cores in (("-1", CORES), ("20000", 1)):
        (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota)
        assert cpu_limit(tmp_path) == cores


def test_without_a_cgroup_the_cores_count(tmp_path: Path) -> None:
    assert cpu_limit(tmp_path) == CORES
