"""Whether an engine's own lock is what a dead process of ours left, by its host, its process and its time; pure."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct


class DeadProcess(Struct, frozen=True, kw_only=True):
    """An engine's process that is gone: its id on `host`; it began after `since`, which is aware."""

    host: str
    process: int
    since: datetime


def left_by(dead: DeadProcess, *, host: str, process: int, moment: str) -> bool:
    """Whether the lock that `process` of `host` took at `moment` (ISO 8601) is that process's. Never where one of them
    is not known: then it may be anybody's."""
    if not dead.process or not dead.host or (host, process) != (dead.host, dead.process):
        return False
    try:
        taken = datetime.fromisoformat(moment)
    except ValueError:
        return False
    # Ids of processes come round again: an older lock is another's.
    return (taken if taken.tzinfo else taken.replace(tzinfo=UTC)) >= dead.since
