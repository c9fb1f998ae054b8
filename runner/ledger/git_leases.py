"""Leases on Git refs: what is recorded and what becomes of the lease go in one atomic push. That is the fence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from runner.git import Conflict, Delivery, Edit
from runner.kit.clock import Clock, SystemClock
from runner.ledger.former_places import FormerPlaces, RecordPlace
from runner.ledger.lease_board import none_recorded
from runner.ledger.lease_edits import edit_of_hold
from runner.ledger.lease_table import GitTable
from runner.ledger.leases import TRIES, TableLeases
from runner.ledger.taking import Terms
from runner.model.names import TargetName


class GitLeases(TableLeases):
    """See Leases and TableLeases."""

    def __init__(
        self,
        record: RecordPlace,
        terms: Terms,
        *,
        clock: Clock | None = None,
        pause: Callable[[float], object] | None = None,
        background: bool = True,
    ) -> None:
        self._former = FormerPlaces(record, terms, clock or SystemClock())
        super().__init__(
            GitTable(record.refs, record.outbox),
            replace(terms, elsewhere=self._former.fence),
            recorded=none_recorded,
            clock=clock,
            pause=pause,
            background=background,
        )
        self._outbox = record.outbox

    def take(self, targets: Sequence[TargetName], run: str) -> None:
        """See Leases. LeaseHeld `lease-left-elsewhere`."""
        super().take(targets, run)
        self._former.refuse_left(targets)

    def take_over(self, target: TargetName, run: str) -> None:
        """See Leases. LeaseHeld `lease-left-elsewhere`."""
        super().take_over(target, run)
        self._former.refuse_left([target])

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

    def ask_to_stop(self, target: TargetName, because: str, edits: Sequence[Edit]) -> Delivery:
        """See Leases."""
        delivery = self._asked(target, because, edits)
        for _ in range(TRIES):  # its sign of life may have come at the same moment
            if isinstance(delivery, Conflict):
                delivery = self._asked(target, because, edits)
        return delivery

    def _asked(self, target: TargetName, because: str, edits: Sequence[Edit]) -> Delivery:
        return self._outbox.submit([self._asking(target, because), *edits]).wait()
