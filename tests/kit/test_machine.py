"""As many processors as this process may keep busy, in a container too."""

import os
from pathlib import Path

import pytest

from runner.kit.machine import processors

BOUND = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        ({}, BOUND),
        ({"own/job": "max 100000\n"}, BOUND),
        ({"own/job": "100000 100000\n"}, 1),
        ({"own/job": "5000 100000\n"}, 1),
        ({"own/job": "120000 100000\n"}, min(2, BOUND)),
        ({"own/job": "max 100000\n", "own": "50000 100000\n"}, 1),
        ({"": "50000 100000\n"}, 1),
        ({"another": "50000 100000\n"}, BOUND),
        ({"own/job": "nonsense"}, BOUND),
    ],
)
def test_a_quota_of_the_control_group_counts(tmp_path: Path, limits: dict[str, str], most: int) -> None:
    own = tmp_path / "cgroup"
    own.write_text("1:name=systemd:/elsewhere\n0::/own/job\n")
    for group, text in limits.items():
        (tmp_path / "groups" / group).mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / group / "cpu.max").write_text(text)
    (tmp_path / "cpu.max").write_text("1000 100000\n")
    assert processors(tmp_path / "groups", own) == most


def test_without_control_groups_those_count_that_the_process_is_bound_to(tmp_path: Path) -> None:
    assert processors(tmp_path, tmp_path / "none") == BOUND


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes are bound to processors on Linux")
def test_a_process_that_is_bound_to_one_processor_has_one(tmp_path: Path) -> None:
    all_of_them = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(all_of_them)})
    try:
        assert processors(tmp_path, tmp_path / "none") == 1
    finally:
        os.sched_setaffinity(0, all_of_them)
