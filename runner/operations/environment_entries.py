"""Entries that move no state: an unlock, a freeze."""

from __future__ import annotations

from runner.model.entry import Entry, EntryKind, Result
from runner.model.names import TargetName
from runner.operations.session import Session


def plain_entry(session: Session, target: TargetName, kind: EntryKind, because: str) -> Entry:
    """An entry of this run, now, that succeeded; it names the state that stands."""
    previous = session.live(target) if target.stack else None
    return Entry(
        target=target,
        kind=kind,
        result=Result.SUCCEEDED,
        commit=session.survey.revision.commit,
        law=session.survey.law,
        actor=session.actor,
        run=session.directory.id,
        at=session.bench.clock.now(),
        state=previous.last.state if previous else None,
        digests=previous.last.digests if previous else None,
        engine=previous.last.engine if previous else "",
        fence=previous.last.fence if previous else 0,
        because=because,
    )
