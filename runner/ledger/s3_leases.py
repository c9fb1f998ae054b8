"""Leases in S3: no push moves them with the record, so the record is written between two conditional writes of theirs.

First a sign of life, which only arrives while the lease is ours; then the push, whose entries expect the target's
record as it stood when the lease was taken, so that of two who both think it theirs only one can write; then the
lease's end. Who dies before the end leaves an intent that is settled by an entry under its very fence (`settled`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec.structs import replace

from runner.errors import Denied, NoAnswer, RunnerError
from runner.git import Conflict, Delivery, Edit, Pushed, Unsent
from runner.kit.clock import Clock, SystemClock
from runner.ledger.former_places import FormerPlaces, RecordPlace
from runner.ledger.lease_record import lease_path
from runner.ledger.leases import TRIES, TableLeases
from runner.ledger.ledger_paths import deployment_path, live_ref, locks_ref, together
from runner.ledger.object_table import ObjectTable
from runner.ledger.taking import Terms
from runner.model.environment import StateSettings
from runner.model.names import TargetName


class S3Leases(TableLeases):
    """See Leases and TableLeases."""

    def __init__(
        self,
        place: StateSettings,
        record: RecordPlace,
        terms: Terms,
        *,
        clock: Clock | None = None,
        pause: Callable[[float], object] | None = None,
        background: bool = True,
    ) -> None:
        self._former = FormerPlaces(record, terms, clock or SystemClock(), own=place)
        super().__init__(
            ObjectTable(record.bucket(place), location=f"s3://{place.bucket}", prefix=place.prefix),
            replace(terms, elsewhere=self._former.fence),
            recorded=terms.floor,
            clock=clock,
            pause=pause,
            background=background,
        )
        self._refs = record.refs
        self._outbox = record.outbox
        self._standing: dict[TargetName, str | None] = {}

    def take(self, targets: Sequence[TargetName], run: str) -> None:
        """See Leases: all of an environment at once. LeaseHeld `lease-left-elsewhere`."""
        for environment in sorted({target.environment for target in targets}):
            super().take([target for target in targets if target.environment == environment], run)
        self._look(targets)

    def take_over(self, target: TargetName, run: str) -> None:
        """See Leases."""
        super().take_over(target, run)
        self._look([target])

    def write(self, target: TargetName, edits: Sequence[Edit]) -> Delivery:
        """See Leases."""
        return self._sent(target, edits, keep=False)

    def end(self, target: TargetName, edits: Sequence[Edit] = (), *, keep: bool = False) -> Delivery:
        """See Leases. Once the edits have arrived nothing is raised: a lease that outlives its entry is settled."""
        delivery = self._sent(target, edits, keep=keep)
        if isinstance(delivery, Pushed):
            with suppress(RunnerError):
                self._end_now(target)
        return delivery

    def unlock(self, target: TargetName, edits: Sequence[Edit]) -> Delivery:
        """See Leases. The entry comes first: a broken lease is on the record, whatever happens then (law 7)."""
        breaking = self._breaking(target)
        return self._recorded_first(lambda: breaking, edits)

    def ask_to_stop(self, target: TargetName, because: str, edits: Sequence[Edit]) -> Delivery:
        """See Leases. The entry comes first here too."""
        self._asking(target, because)  # whether there is anybody
        return self._recorded_first(lambda: self._asking(target, because), edits, again=TRIES)

    def _recorded_first(
        self, change: Callable[[], Edit], edits: Sequence[Edit], *, again: int = 0
    ) -> Delivery:
        delivery = self._outbox.submit(edits).wait()
        if not isinstance(delivery, Pushed):
            return delivery
        changed = self._table.submit([change()]).wait()
        for _ in range(again):
            if isinstance(changed, Conflict):
                changed = self._table.submit([change()]).wait()
        return delivery if isinstance(changed, Pushed) else changed

    def _look(self, targets: Sequence[TargetName]) -> None:
        """Remembers what stands on record of `targets`, now that they are ours."""
        environments = sorted({target.environment for target in targets})
        self._refs.refresh(
            [pattern for each in environments for pattern in (*together(each), locks_ref(each))]
        )
        for environment in environments:
            self._former.enlist(environment)
        self._former.refuse_left(targets)
        for target in targets:
            found = self._refs.blob(live_ref(target.environment), deployment_path(target.stack))
            self._standing[target] = found[0] if found else None

    def _sent(self, target: TargetName, edits: Sequence[Edit], *, keep: bool) -> Delivery:
        if not_ours := self._not_proven(target):
            return not_ours
        if not edits:
            return Pushed(heads={}, blobs={})
        delivery = self._outbox.submit([self._unmoved(target, edit) for edit in edits], keep=keep).wait()
        if isinstance(delivery, Pushed):
            written = delivery.blobs.get((live_ref(target.environment), deployment_path(target.stack)))
            self._standing[target] = written or self._standing[target]
        return delivery

    def _not_proven(self, target: TargetName) -> Conflict | Unsent | None:
        """None where a sign of life says that the lease is ours, now; else what Git would answer in our place."""
        held = self._own(target)
        try:
            arrived = self._upkeep.proven(target)
        except (NoAnswer, Denied) as error:
            return Unsent(message=str(error))
        if self._holdings.of(target).stolen:
            path = lease_path(target.stack)
            return Conflict(ref=locks_ref(target.environment), path=path, expected=held.blob, found=None)
        silent = Unsent(message=f"the bucket did not take a sign of life for `{target}` in time")
        return None if arrived else silent

    def _unmoved(self, target: TargetName, edit: Edit) -> Edit:
        """`edit`, where nobody has recorded the target since it is ours."""
        if edit.ref != live_ref(target.environment):
            return edit
        return replace(edit, expects={deployment_path(target.stack): self._standing[target], **edit.expects})

    def _end_now(self, target: TargetName) -> None:
        try:
            delivery = self._table.submit([self._ending(target)]).wait()
        except RunnerError:
            self._holdings.not_releasing(target)  # it is tried again when the run ends
            raise
        if isinstance(delivery, Conflict):
            self._upkeep.reconcile(target.environment)
