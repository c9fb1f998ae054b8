"""How processes die, and how that is seen: signals to one, to a group, to a session; ends seen before the reaping."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Protocol


class Child(Protocol):
    """What is asked of a process that we started; `subprocess.Popen` has it."""

    pid: int

    @property
    def returncode(self) -> int | None:
        """Its exit code, None while it was not reaped."""

    def poll(self) -> int | None:
        """Its exit code, None while it runs; reaps it."""


def send(pid: int, number: signal.Signals) -> None:
    """Signals one process; one that is gone is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def kill_group(group: int) -> None:
    """Kills every process of a group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def kill_session(leader: int) -> None:
    """Kills the group, and where /proc tells them the session's other groups (a shell's job control makes some)."""
    kill_group(leader)
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit() and _session_of(int(name)) == leader:
                send(int(name), signal.SIGKILL)


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def has_ended(child: Child) -> bool:
    """Whether the child is dead; it stays a zombie where the system can look without reaping."""
    if child.returncode is not None:
        return True
    if not hasattr(os, "waitid"):  # macOS before Python 3.13
        return child.poll() is not None
    try:
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
    except ChildProcessError:
        return child.poll() is not None


@contextlib.contextmanager
def exit_watch(pid: int) -> Iterator[int | None]:
    """A descriptor that becomes readable when the process ends; None where the system has none."""
    try:
        watch = os.pidfd_open(pid) if sys.platform == "linux" else None
    except OSError:
        watch = None
    try:
        yield watch
    finally:
        if watch is not None:
            os.close(watch)


@contextlib.contextmanager
def foreground(group: int, *, enabled: bool) -> Iterator[None]:
    """While the block runs, the terminal belongs to `group`: Ctrl-C reaches the child, and it alone."""
    if not enabled or not os.isatty(0):
        yield
        return
    ours = os.tcgetpgrp(0)
    ignored = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        with contextlib.suppress(OSError):
            os.tcsetpgrp(0, group)
            os.killpg(group, signal.SIGCONT)  # it may have asked for the terminal before it had it
        yield
    finally:
        with contextlib.suppress(OSError):
            os.tcsetpgrp(0, ours)
        signal.pthread_sigmask(signal.SIG_SETMASK, ignored)
