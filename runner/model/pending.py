"""A pending apply: a merged change that waits, and what it waits for. It opens nothing; it is what people are told."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from runner.model.names import TargetName


class Differing(Struct, frozen=True, kw_only=True):
    """One named digest (law 1) side by side: as it was approved, and as it is now; in words, what that means."""

    name: str
    approved: str
    now: str
    because: str = ""


class PendingApply(Struct, frozen=True, kw_only=True):
    """`commit` would be applied, under the gates of `law`. `waits`: each thing that it waits for. `digest` names the
    plan as it is now, for `runner approve`; empty where none was made. `pulls`: the numbers of the pull requests that
    it came by. `at`: since when it waits for just this."""

    target: TargetName
    commit: str
    law: str
    waits: tuple[str, ...]
    at: datetime
    digest: str = ""
    pulls: tuple[int, ...] = ()
    differing: tuple[Differing, ...] = ()
    run: str = ""

    @property
    def because(self) -> str:
        """All that it waits for, in one line."""
        return "; ".join(self.waits)
