"""What is done when a pull request is closed without a merge: it is told, and later all kept of it goes."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly
from runner.forge import Forge
from runner.model.pull_request import PullRequest, PullState
from runner.operations.bench import Bench
from runner.operations.judged_request import Judging
from runner.operations.publishing import Published, nothing_told, tell_again
from runner.operations.shown_before import known_before
from runner.operations.shown_records import Showings
from runner.operations.standpoint import Standpoint, standpoint
from runner.operations.telling import CLOSED

KEPT_AFTER_CLOSE = timedelta(days=14)
KEPT_AFTER_MERGE = timedelta(days=90)
"""A pending apply may wait for long, and its approvals are bound to what was shown."""


def clean_up(bench: Bench, forge: Forge, pull: PullRequest) -> Published:
    """Says on a closed pull request that nothing of it is applied. Errors: as `publish`."""
    stand = standpoint(bench)
    showings = Showings(stand.record.refs, stand.record.outbox)
    known = known_before(forge, showings, pull)
    before = showings.preview(known.shown)
    if before is None or pull.state is not PullState.CLOSED:
        return nothing_told(pull, known)
    message = (
        f"closed without a merge: nothing of it is applied, and in {KEPT_AFTER_CLOSE.days} days its plans go"
    )
    closed = Diagnostic(code=CLOSED, message=message, severity=Severity.WARNING)
    judging = Judging(bench=bench, stand=stand, forge=forge, pull=pull, reports=known.reports)
    return tell_again(judging, showings, known, replace(before, notices=(*before.notices, closed)))


def drop_old(bench: Bench, stand: Standpoint, forge: Forge) -> tuple[int, ...]:
    """Takes away what is kept of pull requests that ended long ago, as the forge says; their numbers. For a schedule.
    NoAnswer."""
    showings = Showings(stand.record.refs, stand.record.outbox)
    showings.refresh()
    now = bench.clock.now()
    dropped = []
    for number in showings.numbers():
        shown = showings.unconfirmed(number)
        if not shown or (shown[0].showings[-1:] and shown[0].showings[-1].at > now - KEPT_AFTER_CLOSE):
            continue
        if _ended(forge, number, bench):
            showings.end(number)
            dropped.append(number)
    return tuple(dropped)


def _ended(forge: Forge, number: int, bench: Bench) -> bool:
    try:
        pull = forge.pull_request(number)
    except AskedWrongly:
        return False  # the forge knows of none: then somebody else wrote that ref
    kept = {PullState.CLOSED: KEPT_AFTER_CLOSE, PullState.MERGED: KEPT_AFTER_MERGE}.get(pull.state)
    at = pull.merged_at or pull.updated_at
    return kept is not None and at is not None and at < bench.clock.now() - kept
