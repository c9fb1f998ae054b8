"""`unlock`: ends a person's hold of a target, else breaks a lease, on the record (law 7)."""

from __future__ import annotations

from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly, NoAnswer
from runner.git import Pushed
from runner.ledger import Writing
from runner.model.entry import Actor, EntryKind
from runner.model.lease import Lease
from runner.model.names import TargetName
from runner.operations.bench import Bench
from runner.operations.confirming import asked, confirmed
from runner.operations.environment_entries import plain_entry
from runner.operations.freezing import FreezeRequest, freeze
from runner.operations.opening import leases_for, opened
from runner.operations.standing import standing_leases
from runner.operations.survey import survey, target_named


class UnlockRequest(Struct, frozen=True, kw_only=True):
    """Why the lease may be broken is part of the record. `actor` None: as Git says."""

    target: str
    reason: str
    yes: bool = False
    actor: Actor | None = None


class UnlockResult(Struct, frozen=True, kw_only=True):
    """The lease that was broken (None: there was none, or there was a freeze of the target, which was `thawed`), and
    the entry that says so."""

    lease: Lease | None
    thawed: bool = False
    entry: str = ""
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def unlock(request: UnlockRequest, bench: Bench) -> UnlockResult:
    """Ends a freeze of that one target; where there is none, breaks its lease. One that carries an intent is refused:
    something may have changed, and `state recover` is what looks at that."""
    if not request.reason.strip():
        raise AskedWrongly.of(
            "no-reason", "a lease is broken for a reason", hint="`--reason 'the runner was killed'`"
        )
    whole = survey(bench, worktree=False)
    target = target_named(request.target, whole)
    if target in whole.record.ledger.frozen_targets(target.environment):
        thawing = FreezeRequest(place=str(target), reason=request.reason, thaw=True, actor=request.actor)
        thawed = freeze(thawing, bench)
        return UnlockResult(lease=None, thawed=True, entry=thawed.entry, notes=thawed.notes, next=thawed.next)
    held = next(
        (each for each in standing_leases(bench, whole, target.environment) if each.lease.target == target),
        None,
    )
    if held is None:
        return UnlockResult(lease=None, notes=whole.notes)
    if held.lease.intent:
        raise AskedWrongly.of(
            "lease-with-intent",
            f"run {held.lease.run} had announced a change of `{target}`: its outcome is not on the record",
            hint=f"`runner state recover {target}` records it and ends the lease",
        )
    if not _confirmed(request, bench, target, held.lease):
        return UnlockResult(lease=held.lease, notes=whole.notes)
    with opened(bench, whole, "unlock", actor=request.actor) as session:
        leases = leases_for(session, target.environment)
        because = f"{request.reason} (it was held by {held.lease.holder} on {held.lease.host})"
        entry = plain_entry(session, target, EntryKind.UNLOCK, because)
        edits = whole.record.ledger.record(Writing(entry=entry))
        delivery = leases.unlock(target, edits)
    if not isinstance(delivery, Pushed):
        raise NoAnswer.of(
            "not-unlocked", f"the lease of `{target}` moved, or the remote did not take the change"
        )
    head = next(
        (delivery.heads[edit.ref] for edit in edits if edit.chained and edit.ref in delivery.heads), ""
    )
    return UnlockResult(lease=held.lease, entry=head, notes=whole.notes, next=(f"runner up {target}",))


def _confirmed(request: UnlockRequest, bench: Bench, target: TargetName, lease: Lease) -> bool:
    text = (
        f"break the lease of {target}, held by {lease.holder} on {lease.host} since {lease.taken_at:%H:%M}?"
    )
    question = asked("unlock", target.environment, text)
    return confirmed(bench, question, yes=request.yes, hint="`--yes` breaks it without asking")
