"""Processes that a session began and did not end, found by the directories that only it knows (on Linux only)."""

import contextlib
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PROCESSES = Path("/proc")


@dataclass(frozen=True, slots=True)
class Leftover:
    """A process that still runs, with the arguments it was started with."""

    pid: int
    arguments: str


def leftovers(places: Sequence[Path]) -> list[Leftover]:
    """Every other process of this user whose directory, arguments or environment lies in one of the places."""
    marks = [str(place).encode() for place in places]
    return [
        found
        for entry in (_PROCESSES.iterdir() if _PROCESSES.is_dir() else ())
        if entry.name.isdigit()
        and int(entry.name) != os.getpid()
        and (found := _met(entry, marks)) is not None
    ]


def end(left: Leftover) -> None:
    """Kills it; it may have gone by itself."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(left.pid, signal.SIGKILL)


def _met(process: Path, marks: Sequence[bytes]) -> Leftover | None:
    try:
        arguments = (process / "cmdline").read_bytes()
        traces = (arguments, (process / "environ").read_bytes(), os.readlink(process / "cwd").encode())
    except OSError:  # gone meanwhile, or another user's
        return None
    if not any(mark in trace for mark in marks for trace in traces):
        return None
    return Leftover(int(process.name), arguments.replace(b"\0", b" ").decode(errors="replace").strip())
