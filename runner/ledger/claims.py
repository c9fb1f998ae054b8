"""May this lease be taken? Pure: from what stands, how long it stood so before our eyes, and what the clocks say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from runner.diagnostics import Diagnostic
from runner.ledger.lease_record import LeaseRecord
from runner.model.lease import Lease
from runner.model.names import TargetName

RENEWALS_A_TERM = 3
"""How often a holder gives a sign of life within its term."""


class Slot(Struct, frozen=True, kw_only=True):
    """A target's lease as it stands: `blob` and `renewal_blob` are the ids of what says so."""

    record: LeaseRecord
    blob: str
    renewal_blob: str | None = None


class Free(Struct, frozen=True, kw_only=True):
    """It may be taken. `fence` is the new one; `former` whose place is taken, None where nothing stands."""

    fence: int
    former: Slot | None = None


class Living(Struct, frozen=True, kw_only=True):
    """Somebody else holds it, and seems to live."""

    lease: Lease


class Doubtful(Struct, frozen=True, kw_only=True):
    """Its holder seems to be gone; it is known in `seconds`, if nothing moves until then."""

    lease: Lease
    seconds: float


class Unresolved(Struct, frozen=True, kw_only=True):
    """Its holder is gone, and had announced a change that is not on the record."""

    lease: Lease


Claim: TypeAlias = Free | Living | Doubtful | Unresolved


class Circumstances(Struct, frozen=True, kw_only=True):
    """`unchanged`: seconds for which we saw the slot as it is, on our monotonic clock; `now` by the wall clock, which
    only decides whether watching is worth while; `floor`: the highest fence on record; `past_intent`: the taker comes
    to resolve what was announced."""

    unchanged: float
    now: datetime
    dead: Callable[[Lease], bool]
    floor: int = 0
    past_intent: bool = False


def claim(slot: Slot | None, seen: Circumstances) -> Claim:
    """What stands in the way of taking a target's lease, if anything."""
    if slot is None:
        return Free(fence=seen.floor + 1)
    lease = slot.record.lease
    over = slot.record.released or seen.unchanged >= lease.term or seen.dead(lease)
    if over:
        if lease.intent and not seen.past_intent:
            return Unresolved(lease=lease)
        return Free(fence=max(seen.floor, lease.fence) + 1, former=slot)
    if _seems_stale(lease, seen.now):
        return Doubtful(lease=lease, seconds=lease.term - seen.unchanged)
    return Living(lease=lease)


def settled(slot: Slot, floor: int) -> Slot:
    """`slot` without an intent whose end is on the record: an entry stands there under this very fence, `floor`. Only
    where no push moves record and leases at once: whoever wrote that entry died before he ended his lease."""
    lease = slot.record.lease
    if lease.intent is None or lease.fence != floor:
        return slot
    return replace(slot, record=replace(slot.record, lease=replace(lease, intent=None)))


def _seems_stale(lease: Lease, now: datetime) -> bool:
    """By the wall clocks of two machines, so it is no more than a hint."""
    term = timedelta(seconds=lease.term)
    last_sign = lease.taken_at + lease.renewal * term / RENEWALS_A_TERM
    return now - last_sign > term or lease.taken_at - now > term


def held_by_another(lease: Lease) -> Diagnostic:
    """Who holds it, since when, and the way out."""
    return Diagnostic(
        code="lease-held",
        message=f"`{lease.target}` is held by {lease.holder} on {lease.host}, run {lease.run}, "
        f"since {lease.taken_at:%Y-%m-%d %H:%M:%S} UTC",
        hint=f"wait for it, or, when that run is gone for good: `runner unlock {lease.target} --reason WHY`",
    )


def unresolved(lease: Lease) -> Diagnostic:
    """What was announced and never recorded."""
    assert lease.intent
    intent = lease.intent
    what = f"{intent.purpose} `{lease.target}` at {intent.commit[:12] or 'an unnamed commit'}"
    return Diagnostic(
        code="outcome-unknown",
        message=f"run {intent.run} announced at {intent.at:%Y-%m-%d %H:%M:%S} UTC to {what}; how that ended is not on "
        "the record",
        hint=f"`runner state recover {lease.target}`",
    )


def left_elsewhere(lease: Lease, place: str) -> Diagnostic:
    """A lease from before the leases of its environment moved; `place` is where they stood, in words."""
    doing = "has announced a change" if lease.intent else "may be working"
    return Diagnostic(
        code="lease-left-elsewhere",
        message=f"the leases of `{lease.target.environment}` were in {place} before `leases` was changed, and there "
        f"run {lease.run} of {lease.holder} on {lease.host} {doing} on `{lease.target}`",
        hint="wait for that run; where it is gone, set `leases` as it was until "
        f"`runner state recover {lease.target}` has settled it",
    )


def moved_back(target: TargetName, floor: int) -> Diagnostic:
    """The leases know less than the record: what was announced since is not known any more."""
    return Diagnostic(
        code="leases-moved-back",
        message=f"the record has an entry of `{target}` under fence {floor}, and its lease stands before that: the "
        f"leases of {target.environment} were moved back or removed",
        hint=f"push them again; or, when nobody works on it: `runner state recover {target}`",
    )


def lost(target: TargetName, why: str) -> Diagnostic:
    """A lease of ours that is none any more."""
    return Diagnostic(
        code="lease-lost",
        message=f"the lease of `{target}` was lost: {why}",
        hint="`runner locks` shows who holds it; look at `runner status` before you apply again",
    )
