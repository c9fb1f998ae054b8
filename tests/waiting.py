"""Waiting for what a test made happen: it happens, or the test fails."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 120.0
"""Seconds for what takes a moment on a machine with nothing else to do."""


def until(true: Callable[[], object], what: str = "what was waited for", seconds: float = PATIENCE) -> None:
    """Waits for a file, a ref, a lock, the end of a process."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.02)


def processes_in(place: Path) -> list[int]:
    """The living processes whose working directory, arguments or environment are of `place`, but this one."""
    found = []
    for name in os.listdir("/proc"):
        try:
            about = Path("/proc", name, "cmdline").read_bytes() + Path("/proc", name, "environ").read_bytes()
            about += os.readlink(f"/proc/{name}/cwd").encode()
        except OSError:
            continue
        if name.isdigit() and int(name) != os.getpid() and str(place).encode() in about:
            found.append(int(name))
    return found
