"""What of the machine this process may use."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from math import ceil
from pathlib import Path

CONTROL_GROUPS = Path("/sys/fs/cgroup")
OWN_GROUP = Path("/proc/self/cgroup")


def processors(groups: Path = CONTROL_GROUPS, own: Path = OWN_GROUP) -> int:
    """How many processors this process may keep busy, at least 1: those that it is bound to, and no more than the
    quota of its control group lasts for, as in a container. `groups` and `own` are the kernel's, version 2:
    `<groups>/<group>/cpu.max` for the group that `own` names, and those above it."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([bound, *map(_most, _above(groups, own))]))


def _above(groups: Path, own: Path) -> Iterator[Path]:
    with suppress(OSError):
        for line in own.read_text().splitlines():
            if line.startswith("0::/"):
                place = groups / line.removeprefix("0::/")
                yield from (
                    each / "cpu.max" for each in (place, *place.parents) if each.is_relative_to(groups)
                )


def _most(limits: Path) -> int:
    try:
        quota, period = limits.read_text().split()
        return ceil(int(quota) / int(period))
    except (OSError, ValueError):  # there is none, or it is `max`
        return sys.maxsize
