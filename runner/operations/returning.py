"""A target that ended and is wished for again begins anew: what its former life left in the store is closed, and never
taken up (law 11)."""

from __future__ import annotations

from runner.errors import AskedWrongly, HistoryMoved, LeaseHeld, NoAnswer
from runner.git import Conflict, Unsent
from runner.model.entry import Deployment, EntryKind, StoredState
from runner.model.names import TargetName
from runner.operations.session import Readied, Session
from runner.vault import StateStore

_ENDINGS = (EntryKind.DESTROY, EntryKind.FORGET)


def standing_bytes(
    session: Session, store: StateStore, name: TargetName, previous: Deployment | None
) -> bytes:
    """The plain state that the record names; empty where it names none. Errors: see StateStore. What the last entry of
    an ended target names may still stand: its record comes first, and whoever wrote it may have died then."""
    try:
        return store.load(name, previous.last.state if previous else None) or b""
    except (HistoryMoved, AskedWrongly):
        left = None if previous else _left_by(session, name)
        if left is None:
            raise
        store.load(name, left)  # anything else that stands there is nobody's
        return b""


def close_former(session: Session, ready: Readied) -> None:
    """Ends, under our lease, the state of a target's former life, before its new one has a state. NoAnswer,
    LeaseHeld."""
    name = ready.target.name
    if ready.previous is not None or _left_by(session, name) is None:
        return
    leases = session.leases_of(name)
    edits = ready.store.remove(name, leases.held(name).fence)
    match leases.write(name, edits) if edits else None:
        case Unsent(message=message):
            raise NoAnswer.of(
                "not-recorded", f"the state that `{name}` had before could not be ended: {message}"
            )
        case Conflict(path=path):
            raise LeaseHeld.of("lease-lost", f"the lease of `{name}` is another's by now: `{path}` changed")
        case _:
            return


def _left_by(session: Session, name: TargetName) -> StoredState | None:
    """The state that stood when `name` ended; None where it never did."""
    ledger = session.survey.record.ledger
    if not ledger.fence(name):
        return None
    entries = ledger.entries(name.environment, name.stack)
    return next((each.state for each in entries if each.kind in _ENDINGS), None)
