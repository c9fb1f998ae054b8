"""Leases on Git refs: what is recorded and what becomes of the lease go in one atomic push. That is the fence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runner.git import Delivery, Edit, Outbox, Refs
from runner.kit.clock import Clock
from runner.ledger.lease_board import none_recorded
from runner.ledger.lease_edits import edit_of_hold
from runner.ledger.lease_table import GitTable
from runner.ledger.leases import TableLeases
from runner.ledger.taking import Terms
from runner.model.names import TargetName


class GitLeases(TableLeases):
    """See Leases and TableLeases."""

    def __init__(
        self,
        refs: Refs,
        outbox: Outbox,
        terms: Terms,
        *,
        clock: Clock | None = None,
        pause: Callable[[float], object] | None = None,
        background: bool = True,
    ) -> None:
        table = GitTable(refs, outbox)
        super().__init__(
            table, terms, recorded=none_recorded, clock=clock, pause=pause, background=background
        )
        self._outbox = outbox

    def write(self, target: TargetName, edits: Sequence[Edit]) -> Delivery:
        """See Leases."""
        guard = edit_of_hold(self._own(target), {})
        # It comes first: where the lease is not ours any more, that is what a conflict names.
        return self._outbox.submit([guard, *edits]).wait()

    def end(self, target: TargetName, edits: Sequence[Edit] = (), *, keep: bool = False) -> Delivery:
        """See Leases."""
        return self._outbox.submit([self._ending(target), *edits], keep=keep).wait()

    def unlock(self, target: TargetName, edits: Sequence[Edit]) -> Delivery:
        """See Leases."""
        return self._outbox.submit([self._breaking(target), *edits]).wait()
