"""Takes leases: reads what stands, watches what seems stale, and takes all at once or none."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from runner.diagnostics import Diagnostic, Severity
from runner.errors import HistoryMoved, LeaseHeld, NoAnswer, OutcomeUnknown
from runner.git import Edit, Unsent
from runner.kit.clock import Clock
from runner.ledger.claims import (
    Claim,
    Doubtful,
    Free,
    Living,
    Slot,
    Unresolved,
    held_by_another,
    moved_back,
    unresolved,
)
from runner.ledger.holdings import Hold, Holdings
from runner.ledger.lease_board import LeaseBoard, signs_left_behind
from runner.ledger.lease_edits import PushTime, lease_edit, refused
from runner.ledger.lease_record import LeaseRecord, lease_blob, lease_path, renewal_path
from runner.ledger.lease_table import LeaseTable
from runner.model.lease import Lease
from runner.model.names import TargetName

_LOOKS_A_TERM = 6
_LOSSES = 100  # each means that somebody else took or gave back one of these leases meanwhile


def _nothing(_: object) -> None:
    return None


def _nobody(_: Lease) -> bool:
    return False


def _no_floor(_: TargetName) -> int:
    return 0


class Terms(Struct, frozen=True, kw_only=True):
    """How a run's leases are taken. `term` seconds; `wait` seconds for somebody else's to end (0: none).
    `dead` knows leases whose holder is certainly gone; `floor` gives the highest fence on record; `elsewhere` that of
    the leases where they stood before `leases` was changed, asked where ours know less than the record; `before_intent`
    is called with an environment before the first intent there is announced (it opens the ledger); `on_lost`, from
    the renewing thread, once for each lost lease; `on_stop` when somebody asks the run to stop, with who and why;
    `watching` when an expired lease is being watched."""

    holder: str
    host: str
    term: float = 60.0
    wait: float = 0.0
    dead: Callable[[Lease], bool] = _nobody
    floor: Callable[[TargetName], int] = _no_floor
    elsewhere: Callable[[TargetName], int] = _no_floor
    before_intent: Callable[[str], object] = _nothing
    on_lost: Callable[[TargetName], None] = _nothing
    on_stop: Callable[[str], None] = _nothing
    watching: Callable[[Diagnostic], None] = _nothing


class Taking:
    """Takes leases into `holdings`. `pause` waits some seconds."""

    def __init__(
        self,
        board: LeaseBoard,
        table: LeaseTable,
        holdings: Holdings,
        terms: Terms,
        *,
        clock: Clock,
        pause: Callable[[float], object],
    ) -> None:
        self._board = board
        self._table = table
        self._holdings = holdings
        self._terms = terms
        self._clock = clock
        self._pause = pause
        self._watching: set[TargetName] = set()

    def take(self, targets: Sequence[TargetName], run: str, *, past_intent: bool = False) -> None:
        """Takes all of `targets`, or raises LeaseHeld, OutcomeUnknown, NoAnswer, HistoryMoved `leases-moved-back`.
        `past_intent`: also one whose holder is gone and had announced a change; the intent stays in it."""
        until = self._clock.monotonic() + self._terms.wait
        doubted: dict[TargetName, Slot] = {}
        losses = 0
        while missing := [target for target in targets if not self._holdings.has(target)]:
            slots = self._read(missing)
            claims = {
                target: self._claim(target, slots.get(target), doubted, past_intent) for target in missing
            }
            free = {target: claim for target, claim in claims.items() if isinstance(claim, Free)}
            if wait := self._wait_for(list(claims.values()), until - self._clock.monotonic()):
                self._pause(wait)
            elif not self._taken(free, slots, run):
                losses += 1
                if losses > _LOSSES:
                    message = "others were faster at these leases every time"
                    raise NoAnswer.of("leases-contended", message, hint="run it again")

    def _claim(
        self, target: TargetName, slot: Slot | None, doubted: dict[TargetName, Slot], past_intent: bool
    ) -> Claim:
        """`doubted`: those that seemed stale when they were first seen, as they stood then."""
        floor = self._terms.floor(target)
        if floor > (slot.record.lease.fence if slot else 0):
            known = self._terms.elsewhere(target)
            if floor > known and not past_intent:
                raise HistoryMoved(moved_back(target, floor))
            floor = max(floor, known)
        found = self._board.claim(target, slot, floor=floor, past_intent=past_intent)
        if isinstance(found, Doubtful) and slot:
            if doubted.setdefault(target, slot) != slot:
                return Living(lease=found.lease)  # it moved while we watched, whatever its clock says
            self._tell_watching(found)
        return found

    def _wait_for(self, claims: Sequence[Claim], left: float) -> float:
        """Seconds until it is worth while to look again, 0 when all may be taken; `left` seconds are ours to wait for
        others. LeaseHeld; OutcomeUnknown."""
        if unknown := [claim.lease for claim in claims if isinstance(claim, Unresolved)]:
            raise OutcomeUnknown([unresolved(lease) for lease in unknown])
        if held := [claim.lease for claim in claims if isinstance(claim, Living)]:
            if left <= 0:
                raise LeaseHeld([held_by_another(lease) for lease in held])
            return min(left, min(lease.term for lease in held) / _LOOKS_A_TERM)
        doubtful = [claim for claim in claims if isinstance(claim, Doubtful)]
        return min((min(claim.seconds, claim.lease.term / _LOOKS_A_TERM) for claim in doubtful), default=0.0)

    def _taken(self, free: Mapping[TargetName, Free], slots: Mapping[TargetName, Slot], run: str) -> bool:
        """Takes them in one write and reads back; False when somebody else was faster at one of them."""
        new = {
            target: LeaseRecord(lease=self._lease(target, claim.fence, claim, run))
            for target, claim in free.items()
        }
        push = PushTime(self._clock)
        edits = [
            self._taking(
                environment,
                {each: claim for each, claim in free.items() if each.environment == environment},
                new,
                slots,
            )
            for environment in sorted({target.environment for target in free})
        ]
        delivery = self._table.submit(edits, begun=push.begun).wait()
        if isinstance(delivery, Unsent):
            refused(delivery, "the leases could not be taken")
        standing = self._read(list(free))
        # An answer that got lost may have been a yes: what counts is what stands there.
        ours = {
            target: standing[target].blob
            for target, record in new.items()
            if target in standing and standing[target].record.lease.nonce == record.lease.nonce
        }
        for target, blob in ours.items():
            self._holdings.add(Hold(lease=new[target].lease, blob=blob, alive=push.at))
        return len(ours) == len(new)

    def _lease(self, target: TargetName, fence: int, claim: Free, run: str) -> Lease:
        return Lease(
            target=target,
            holder=self._terms.holder,
            host=self._terms.host,
            run=run,
            nonce=secrets.token_hex(16),
            fence=fence,
            renewal=0,
            term=self._terms.term,
            taken_at=self._clock.now(),
            intent=claim.former.record.lease.intent if claim.former else None,
        )

    def _taking(
        self,
        environment: str,
        free: Mapping[TargetName, Free],
        new: Mapping[TargetName, LeaseRecord],
        slots: Mapping[TargetName, Slot],
    ) -> Edit:
        changes: dict[str, bytes | None] = {}
        expects: dict[str, str | None] = {}
        for target, claim in free.items():
            changes[lease_path(target.stack)] = lease_blob(new[target])
            expects[lease_path(target.stack)] = claim.former.blob if claim.former else None
            if claim.former and not claim.former.record.released:
                # Its sign of life too: one that comes at the last moment counts.
                expects[renewal_path(claim.former.record.lease.run)] = claim.former.renewal_blob
        here = {target: slot for target, slot in slots.items() if target.environment == environment}
        former = {target: claim.former for target, claim in free.items()}
        changes |= dict.fromkeys(signs_left_behind(here, former))
        return lease_edit(environment, changes, expects)

    def _tell_watching(self, claim: Doubtful) -> None:
        lease = claim.lease
        if lease.target not in self._watching:
            self._watching.add(lease.target)
            message = (
                f"`{lease.target}` is held by {lease.holder} on {lease.host}, who seems to be gone: "
                f"watching it for {claim.seconds:.0f} s"
            )
            self._terms.watching(Diagnostic(code="lease-watched", message=message, severity=Severity.NOTE))

    def _read(self, targets: Sequence[TargetName]) -> dict[TargetName, Slot]:
        environments = sorted({target.environment for target in targets})
        return {target: slot for each in environments for target, slot in self._board.read(each).items()}
