"""Keeps leases: renews them in time, believes the remote where it says otherwise, and tells once of each loss."""

from __future__ import annotations

import threading
from typing import assert_never

from runner.errors import RunnerError
from runner.git import Conflict, Pushed, Unsent
from runner.kit.clock import Clock
from runner.ledger.claims import RENEWALS_A_TERM, Slot
from runner.ledger.holdings import Holdings
from runner.ledger.lease_board import LeaseBoard
from runner.ledger.lease_edits import PushTime, lease_edit
from runner.ledger.lease_record import lease_path, renewal_blob, renewal_path
from runner.ledger.lease_table import LeaseTable
from runner.ledger.taking import Terms
from runner.model.names import TargetName

_TRIES = 3  # a conflict tells us what stands; with that the next one succeeds, or the lease is another's


class Upkeep:
    """Keeps the leases in `holdings`; `on_lost` of `terms` is told once of each that must not be relied on, and
    `on_stop` of each time that the run is asked to stop, which takes the place of its sign of life. `in_time`
    False: pushes may take as long as they like (a clock that is moved by hand)."""

    def __init__(
        self,
        board: LeaseBoard,
        table: LeaseTable,
        holdings: Holdings,
        terms: Terms,
        *,
        clock: Clock,
        in_time: bool = True,
    ) -> None:
        self._board = board
        self._table = table
        self._holdings = holdings
        self._on_lost = terms.on_lost
        self._on_stop = terms.on_stop
        self._term = terms.term
        self._clock = clock
        self._in_time = in_time
        self._told: set[TargetName] = set()
        self._renewing = threading.Lock()  # one sign of life after the other

    def renew(self) -> float:
        """Gives a sign of life for all leases held, one push an environment; seconds until the next is due."""
        arrived = True
        for environment in self._holdings.environments():
            try:
                arrived &= self._arrived(environment)
            except RunnerError:
                arrived = False
        self._tell_lost()
        return self._term / (RENEWALS_A_TERM if arrived else RENEWALS_A_TERM * 4)

    def proven(self, target: TargetName) -> bool:
        """Whether a sign of life arrived just now for our lease of `target`, or it is known to be another's by now.
        What the table says instead is raised."""
        return self._arrived(target.environment, only=target)

    def _arrived(self, environment: str, only: TargetName | None = None) -> bool:
        with self._renewing:
            return any(self._renewed(environment, only) for _ in range(_TRIES))

    def _renewed(self, environment: str, only: TargetName | None) -> bool:
        """One push, or what else there is to say; False when it did not arrive. Those that count as lost are renewed
        with the others: they may be ours until their work is recorded."""
        living, push = self._holdings.living(environment), PushTime(self._clock)
        holds = [hold for hold in living if only in (None, hold.lease.target)]
        if not holds:
            return True
        run, (number, blob) = holds[0].lease.run, self._holdings.sign(environment)
        path = renewal_path(run)
        expected = {lease_path(hold.lease.target.stack): hold.blob for hold in holds if not hold.in_flux}
        changes = {path: renewal_blob(run, number + 1)}
        edit = lease_edit(environment, changes, {path: blob, **expected})
        left = min(hold.alive for hold in holds) + self._term / 2 - push.at
        patience = max(left, self._term / (2 * RENEWALS_A_TERM)) if self._in_time else None
        try:
            delivery = self._table.submit([edit], begun=push.begun).wait(patience)
        except TimeoutError:
            self._tell_lost()  # at once: the next try may take as long
            return False
        match delivery:
            case Pushed(blobs=blobs):
                self._holdings.set_sign(environment, number + 1, blobs[edit.ref, path])
                self._holdings.renewed([hold.lease.target for hold in holds], number + 1, push.at)
                return True
            case Conflict():
                self.reconcile(environment)
                return False
            case Unsent():
                return False
            case _:
                assert_never(delivery)

    def reconcile(self, environment: str) -> None:
        """Believes what stands at the remote about the leases that we think are ours."""
        slots = self._board.read(environment)
        for hold in self._holdings.living(environment):
            target, slot = hold.lease.target, slots.get(hold.lease.target)
            if slot and slot.record.lease.nonce == hold.lease.nonce and not slot.record.released:
                if not hold.in_flux:
                    self._holdings.found(target, slot.blob)
            elif hold.releasing:
                self._holdings.drop(target)
            elif not hold.changing:
                self._holdings.stolen(target, _by_whom(slot))
        for hold in self._holdings.living(environment)[:1]:
            number, _ = self._holdings.sign(environment)
            sign = self._board.renewal_blob(environment, hold.lease.run)
            self._holdings.set_sign(environment, number, sign)
            if because := self._board.asked_to_stop(environment, hold.lease.run):
                self._on_stop(because)
        self._tell_lost()

    def _tell_lost(self) -> None:
        now = self._clock.monotonic()
        for hold in self._holdings.all():
            target, why = hold.lease.target, hold.why_lost(now)
            # While it is announced or released nothing of ours runs, and that very push asks the remote whose it is.
            if why and not hold.in_flux and target not in self._told:
                self._told.add(target)
                self._holdings.given_up(target, why)
                self._on_lost(target)

    def died(self, error: Exception) -> None:
        for hold in self._holdings.all():
            why = f"the renewing thread broke: {type(error).__name__}: {error}"
            self._holdings.given_up(hold.lease.target, why)
        self._tell_lost()


def _by_whom(slot: Slot | None) -> str:
    if slot is None:
        return "its record is gone"
    if slot.record.broken_by:
        return f"{slot.record.broken_by} broke it"
    lease = slot.record.lease
    return f"it is held by {lease.holder} on {lease.host}, run {lease.run}"
