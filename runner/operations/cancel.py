"""`cancel`: asks the runs that hold leases to stop, on the record. What is under way there is finished and recorded.

The run finds it when it renews its leases, and does then what a Ctrl-C does once. It ends this run and no other: what
it leaves is behind still, and the next run goes on with it, unless somebody freezes it.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly, NoAnswer
from runner.git import Pushed
from runner.ledger import Writing
from runner.model.entry import Actor, EntryKind
from runner.model.lease import Lease
from runner.model.selection_request import SelectionRequest
from runner.operations.bench import Bench
from runner.operations.environment_entries import plain_entry
from runner.operations.opening import leases_for, opened
from runner.operations.session import Session
from runner.operations.standing import standing_leases
from runner.operations.survey import Survey, narrows, recorded_names, survey


class CancelRequest(Struct, frozen=True, kw_only=True):
    """Whose runs: those that hold something of what is selected. Why is part of the record, and told to the run.
    `actor` None: as Git says."""

    selection: SelectionRequest
    reason: str
    actor: Actor | None = None


class CancelResult(Struct, frozen=True, kw_only=True):
    """A lease of each run that was asked to stop, and the entries that say so."""

    asked: tuple[Lease, ...] = ()
    entries: tuple[str, ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def cancel(request: CancelRequest, bench: Bench) -> CancelResult:
    """Asks every run that holds a lease of the selected targets, once each. AskedWrongly `no-reason`,
    `nothing-selected`; NoAnswer `not-asked` where the remote did not take it."""
    if not request.reason.strip():
        raise AskedWrongly.of(
            "no-reason", "a run is cancelled for a reason", hint="`--reason 'wrong commit'`"
        )
    if not narrows(request.selection):
        raise AskedWrongly.of(
            "nothing-selected",
            "it does not say whose runs",
            hint="`runner locks` lists them; name a target or an environment",
        )
    whole = survey(bench, worktree=False)
    found = _runs(bench, whole, request.selection)
    if not found:
        return CancelResult(notes=whole.notes)
    with opened(bench, whole, "cancel", actor=request.actor) as session:
        entries = tuple(_asked(session, lease, request.reason.strip()) for lease in found)
    following = tuple(dict.fromkeys(f"runner locks env/{lease.target.environment}" for lease in found))
    return CancelResult(asked=tuple(found), entries=entries, notes=whole.notes, next=following)


def _runs(bench: Bench, whole: Survey, selection: SelectionRequest) -> Sequence[Lease]:
    """The first lease of each run."""
    names = recorded_names(selection, whole)
    found: dict[str, Lease] = {}
    for environment in sorted({name.environment for name in names}):
        for held in standing_leases(bench, whole, environment):
            if held.lease.target in names:
                found.setdefault(held.lease.run, held.lease)
    return tuple(found.values())


def _asked(session: Session, lease: Lease, reason: str) -> str:
    """The entry's id."""
    because = f"{reason} (run {lease.run} of {lease.holder} on {lease.host} was asked to stop)"
    entry = plain_entry(session, lease.target, EntryKind.CANCEL, because)
    edits = session.survey.record.ledger.record(Writing(entry=entry))
    delivery = leases_for(session, lease.target.environment).ask_to_stop(lease.target, reason, edits)
    if not isinstance(delivery, Pushed):
        raise NoAnswer.of(
            "not-asked",
            f"run {lease.run} could not be asked to stop: its lease moved, or the remote did not take it",
            hint=f"`runner locks {lease.target}` shows whether it still holds it",
        )
    return next(
        (delivery.heads[edit.ref] for edit in edits if edit.chained and edit.ref in delivery.heads), ""
    )
