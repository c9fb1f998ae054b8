"""The leases of a run over a table: taken together, renewed together, lost in time, given back in the end."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec.structs import replace

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly, Denied, LeaseHeld, NoAnswer
from runner.git import Conflict, Delivery, Edit, Pushed, Unsent
from runner.kit.clock import Clock, SystemClock
from runner.ledger import HeldLease
from runner.ledger.claims import RENEWALS_A_TERM, lost
from runner.ledger.holdings import Hold, Holdings
from runner.ledger.lease_board import LeaseBoard
from runner.ledger.lease_edits import PushTime, edit_of_hold, lease_edit, refused
from runner.ledger.lease_record import LeaseRecord, lease_blob, lease_path, renewal_blob, renewal_path
from runner.ledger.lease_table import LeaseTable
from runner.ledger.renewal import Renewal
from runner.ledger.taking import Taking, Terms
from runner.ledger.upkeep import Upkeep
from runner.model.lease import Intent, Lease
from runner.model.names import TargetName

TRIES = 3


class TableLeases(ABC):
    """See Leases. For one run; how what is recorded goes with its leases is for the place to say. `pause` waits some
    seconds; `background` False: `renew` is called by hand, and nothing waits on real time. `recorded`: see
    LeaseBoard."""

    def __init__(
        self,
        table: LeaseTable,
        terms: Terms,
        *,
        recorded: Callable[[TargetName], int],
        clock: Clock | None = None,
        pause: Callable[[float], object] | None = None,
        background: bool = True,
    ) -> None:
        self._table = table
        self._terms = terms
        self._clock = clock or SystemClock()
        self._background = background
        self._holdings = Holdings()
        self._board = LeaseBoard(table, self._clock, dead=terms.dead, recorded=recorded)
        self._taking = Taking(
            self._board,
            table,
            self._holdings,
            terms,
            clock=self._clock,
            pause=pause or threading.Event().wait,
        )
        self._upkeep = Upkeep(
            self._board,
            table,
            self._holdings,
            terms,
            clock=self._clock,
            in_time=background,
        )
        self._renewal = Renewal(self._upkeep.renew, self._upkeep.died)
        self._opening = threading.Lock()
        self._opened: set[str] = set()

    @abstractmethod
    def write(self, target: TargetName, edits: Sequence[Edit]) -> Delivery:
        """See Leases."""

    @abstractmethod
    def end(self, target: TargetName, edits: Sequence[Edit] = (), *, keep: bool = False) -> Delivery:
        """See Leases."""

    @abstractmethod
    def unlock(self, target: TargetName, edits: Sequence[Edit]) -> Delivery:
        """See Leases."""

    def take(self, targets: Sequence[TargetName], run: str) -> None:
        """See Leases."""
        self._taking.take(targets, run)
        self._begin()

    def take_over(self, target: TargetName, run: str) -> None:
        """See Leases."""
        self._taking.take([target], run, past_intent=True)
        self._begin()

    def held(self, target: TargetName) -> Lease:
        """See Leases."""
        hold = self._holdings.of(target)
        if why := hold.why_lost(self._clock.monotonic()):
            raise LeaseHeld(lost(target, why))
        return hold.lease

    def fence(self, target: TargetName) -> int:
        """See Leases."""
        return self._holdings.of(target).lease.fence

    def announce(self, target: TargetName, intent: Intent) -> None:
        """See Leases. LeaseHeld `lease-lost`; NoAnswer `intent-not-sent`."""
        with self._opening:
            if target.environment not in self._opened:
                self._terms.before_intent(target.environment)
                self._opened.add(target.environment)
        path = lease_path(target.stack)
        for _ in range(TRIES):
            lease = replace(self.held(target), intent=intent)
            push = PushTime(self._clock)
            with self._holdings.changing(target) as hold:
                edit = edit_of_hold(hold, {path: lease_blob(LeaseRecord(lease=lease))})
                delivery = self._table.submit([edit], begun=push.begun).wait()
                if isinstance(delivery, Pushed):
                    self._holdings.written(target, lease, delivery.blobs[edit.ref, path], push.at)
                    return
            if isinstance(delivery, Unsent):
                refused(delivery, f"the intent for `{target}` could not be announced; nothing was changed")
            self._upkeep.reconcile(target.environment)
        raise LeaseHeld(lost(target, "it changed each time that the intent was announced"))

    def release_all(self) -> None:
        """See Leases. A place that does not answer is no error: leases end by themselves."""
        self._renewal.end()
        for environment in self._holdings.environments():
            with suppress(NoAnswer, Denied):
                any(self._release_rest(environment) for _ in range(TRIES))

    @abstractmethod
    def ask_to_stop(self, target: TargetName, because: str, edits: Sequence[Edit]) -> Delivery:
        """See Leases."""

    def standing(self, environment: str) -> Sequence[HeldLease]:
        """See Leases. Ended ones are left out, unless what they announced is not on the record."""
        return [
            HeldLease(
                lease=slot.record.lease, blob=slot.blob, mine=self._holdings.is_ours(slot.record.lease.nonce)
            )
            for _, slot in sorted(self._board.read(environment).items())
            if not slot.record.released or slot.record.lease.intent
        ]

    def lost(self) -> Sequence[Diagnostic]:
        """See Leases."""
        now = self._clock.monotonic()
        found = ((hold.lease.target, hold.why_lost(now)) for hold in self._holdings.all() if not hold.in_flux)
        return [lost(target, why) for target, why in found if why]

    def renew(self) -> float:
        """Gives a sign of life now; seconds until the next is due. The background does this by itself."""
        return self._upkeep.renew()

    def _begin(self) -> None:
        if self._background:
            self._renewal.begin(self._terms.term / RENEWALS_A_TERM)

    def _release_rest(self, environment: str) -> bool:
        """Whether it is settled; False after a conflict: one was another's, and the rest is tried again."""
        rest = [hold for hold in self._holdings.living(environment) if not hold.releasing]
        if not rest:
            return True
        changes: dict[str, bytes | None] = {}
        for hold in rest:
            record = LeaseRecord(lease=hold.lease).ended(keep_intent=True)
            changes[lease_path(hold.lease.target.stack)] = lease_blob(record)
        changes[renewal_path(rest[0].lease.run)] = None
        expects = {lease_path(hold.lease.target.stack): hold.blob for hold in rest}
        edit = lease_edit(environment, changes, expects)
        if isinstance(self._table.submit([edit]).wait(), Conflict):
            with suppress(NoAnswer):
                self._upkeep.reconcile(environment)
                return False
        for hold in rest:
            self._holdings.drop(hold.lease.target)
        return True

    def _own(self, target: TargetName) -> Hold:
        """Our lease, unless it is another's for certain. LeaseHeld `lease-lost`. Also after a loss for want of renewal:
        whether it is still ours is then for its place to say."""
        hold = self._holdings.of(target)
        if hold.stolen:
            raise LeaseHeld(lost(target, hold.stolen))
        return hold

    def _ending(self, target: TargetName) -> Edit:
        """The edit that ends our lease and its intent; raises as `_own`."""
        hold = self._own(target)
        record = LeaseRecord(lease=hold.lease).ended(keep_intent=False)
        changes: dict[str, bytes | None] = {lease_path(target.stack): lease_blob(record)}
        _, sign = self._holdings.sign(target.environment)
        if self._holdings.releasing(target) and sign:
            changes[renewal_path(hold.lease.run)] = None
        return edit_of_hold(hold, changes)

    def _asking(self, target: TargetName, because: str) -> Edit:
        """The edit that asks whoever holds it to stop, in the place of the run's last sign of life: the next one finds
        it there. AskedWrongly `not-locked`."""
        slot = self._board.read(target.environment).get(target)
        if slot is None or slot.record.released:
            raise AskedWrongly(_not_locked(target))
        lease, path = slot.record.lease, lease_path(target.stack)
        sign = renewal_path(lease.run)
        asked = renewal_blob(lease.run, lease.renewal, f"{self._terms.holder}: {because}")
        return lease_edit(target.environment, {sign: asked}, {path: slot.blob, sign: slot.renewal_blob})

    def _breaking(self, target: TargetName) -> Edit:
        """The edit that breaks whoever's lease it is; its intent stays. AskedWrongly `not-locked`."""
        slot = self._board.read(target.environment).get(target)
        if slot is None or slot.record.released:
            raise AskedWrongly(_not_locked(target))
        record = slot.record.ended(keep_intent=True, broken_by=self._terms.holder)
        path = lease_path(target.stack)
        return lease_edit(target.environment, {path: lease_blob(record)}, {path: slot.blob})


def _not_locked(target: TargetName) -> Diagnostic:
    return Diagnostic(
        code="not-locked",
        message=f"nobody holds `{target}`",
        hint=f"`runner locks env/{target.environment}` lists leases",
    )
