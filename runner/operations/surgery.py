"""A state that a person changes: under our lease, announced, and written down with its entry in one submission."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from msgspec import Struct
from msgspec.structs import replace

from runner.diagnostics import Diagnostic
from runner.engine import Engine, StateContents
from runner.errors import (
    AskedWrongly,
    Denied,
    HistoryMoved,
    LeaseHeld,
    OutcomeUnknown,
    RunnerError,
    TargetFailed,
    ToolUnavailable,
)
from runner.git import Conflict, Edit, Pushed, Unsent
from runner.ledger import Leases, Writing
from runner.model.entry import Deployment, Entry, EntryKind, StoredState
from runner.model.lease import Intent
from runner.model.names import TargetName
from runner.operations.environment_entries import plain_entry
from runner.operations.opening import take_leases
from runner.operations.output_marks import marks_of
from runner.operations.session import Session
from runner.operations.state_contents import contents_of

NOTHING_WRITTEN = (AskedWrongly, Denied, HistoryMoved, LeaseHeld, TargetFailed, ToolUnavailable)
"""What a store or engine raises before it has written anything; after any other error nobody knows."""


class StateChange(Struct, frozen=True, kw_only=True):
    """What became of it: `entry` is empty where nothing was changed, and `text` says why. `exit_code` is 9 where
    something stays unknown."""

    text: str
    entry: str = ""
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


class Surgery(Struct, frozen=True, kw_only=True):
    """A state that has been saved and is to be recorded: `edits` are those of the stores, for the same submission."""

    target: TargetName
    kind: EntryKind
    state: bytes
    stored: StoredState
    engine: Engine
    because: str
    edits: tuple[Edit, ...] = ()


@contextmanager
def announced(session: Session, target: TargetName) -> Iterator[Leases]:
    """Holds the lease of `target`, with our intent at the remote, while the block runs. The block ends with
    `written_down`; where it ends with an error after which something may have changed, the intent stays and the next
    command names it (law 8)."""
    take_leases(session, [target])
    leases = session.leases_of(target)
    try:
        leases.announce(target, _intent(session))
        yield leases
    except NOTHING_WRITTEN:
        with suppress(RunnerError):
            leases.end(target)
        raise


def written_down(session: Session, surgery: Surgery) -> str:
    """Writes entry, state and the end of the lease as one submission; the entry's id. OutcomeUnknown `not-recorded`
    where it did not arrive: what could be kept in this clone is sent by the next command, else the intent stands."""
    target = surgery.target
    ledger = session.survey.record.ledger
    contents = contents_of(session, target, surgery.engine, surgery.state)
    entry = _entry(session, surgery)
    writing = Writing(
        entry=entry,
        deployment=_deployment(session, surgery, entry, contents),
        outputs=contents.outputs,
        resources=contents.resources,
    )
    ours = ledger.record(writing)
    delivery = session.leases_of(target).end(target, (*ours, *surgery.edits), keep=True)
    if not isinstance(delivery, Pushed):
        session.unrecorded.add(target)
        raise _not_recorded(target, delivery)
    return next((head for ref, head in delivery.heads.items() if ref == ours[0].ref), "")


def _not_recorded(target: TargetName, delivery: Unsent | Conflict) -> OutcomeUnknown:
    kept = isinstance(delivery, Unsent) and delivery.kept
    why = (
        delivery.message if isinstance(delivery, Unsent) else "its lease, or its record, is another's by now"
    )
    sends = "it is kept in this clone: the next `runner` command that changes things sends it"
    return OutcomeUnknown.of(
        "not-recorded",
        f"the state of `{target}` was changed, but the record could not be sent: {why}",
        hint=sends if kept else f"`runner state recover {target}` shows what stands, and records it",
    )


def fence_of(session: Session, target: TargetName) -> int:
    """The fence of our lease."""
    return session.leases_of(target).held(target).fence


def _intent(session: Session) -> Intent:
    return Intent(
        run=session.directory.id,
        purpose="surgery",
        code="",
        commit=session.survey.revision.commit,
        at=session.bench.clock.now(),
    )


def _entry(session: Session, surgery: Surgery) -> Entry:
    return replace(
        plain_entry(session, surgery.target, surgery.kind, surgery.because),
        engine=str(surgery.engine.identity),
        state=surgery.stored,
        fence=fence_of(session, surgery.target),
        overrides=session.overrides,
    )


def _deployment(session: Session, surgery: Surgery, entry: Entry, contents: StateContents) -> Deployment:
    previous = session.live(surgery.target)
    wished = session.survey.wishes.targets.get(surgery.target)
    return Deployment(
        target=surgery.target,
        last=entry,
        good=previous.good if previous else None,
        outputs={name: output.sensitive for name, output in contents.outputs.items()},
        directory=previous.directory if previous else wished.stack.directory if wished else "",
        held=previous.held if previous else False,
        depends_on=previous.depends_on if previous else (),
        resources=len(contents.resources),
        marks=marks_of(session, surgery.target, contents.outputs),
        read=previous.read if previous else None,
    )
