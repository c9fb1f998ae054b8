"""Previews that an apply has overtaken: open pull requests are told at once that their plans are of a state that is
gone. Nothing is planned for it; whoever wants to merge asks for a new preview.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from runner.forge import Forge
from runner.model.names import TargetName
from runner.model.previewed import RequestPreview, TargetPreview
from runner.model.pull_request import PullRequest
from runner.model.verdict import Answer, Verdict
from runner.operations.bench import Bench
from runner.operations.judged_request import STALE, Judging
from runner.operations.publishing import tell_again
from runner.operations.shown_before import known_before
from runner.operations.shown_records import Showings
from runner.operations.standpoint import Standpoint


def mark_stale(
    bench: Bench,
    stand: Standpoint,
    forge: Forge,
    pulls: Iterable[PullRequest],
    applied: Collection[TargetName],
    because: str,
) -> tuple[int, ...]:
    """Marks those of the open pull requests whose last preview has a plan of an `applied` target; their numbers.
    `applied` are the targets whose state is another one now, with those that read them, if the caller knows them;
    `because` says by what (`pull request 7`). NoAnswer, Denied."""
    showings = Showings(stand.record.refs, stand.record.outbox)
    showings.refresh()
    there = {*showings.numbers()}
    marked = []
    for pull in pulls:
        # Most pull requests have nothing to do with it: that is seen without asking the forge.
        if pull.number not in there or not _concerned(showings, pull.number, applied):
            continue
        known = known_before(forge, showings, pull)
        before = showings.preview(known.shown)
        if before is None or before.commit != pull.head_commit:
            continue
        stale = _marked(before, applied, because)
        if stale != before:
            judging = Judging(bench=bench, stand=stand, forge=forge, pull=pull, reports=known.reports)
            tell_again(judging, showings, known, stale)
            marked.append(pull.number)
    return tuple(marked)


def _concerned(showings: Showings, number: int, applied: Collection[TargetName]) -> bool:
    previews = (showings.preview(each) for each in showings.unconfirmed(number))
    return any(each.target in applied for preview in previews if preview for each in preview.targets)


def _marked(preview: RequestPreview, applied: Collection[TargetName], because: str) -> RequestPreview:
    targets = tuple(_stale(each, because) if each.target in applied else each for each in preview.targets)
    return replace(preview, targets=targets)


def _stale(each: TargetPreview, because: str) -> TargetPreview:
    if each.plan is None or any(verdict.gate == STALE for verdict in each.verdicts):
        return each
    verdict = Verdict(
        gate=STALE,
        answer=Answer.WAIT,
        code="plan-stale",
        because=f"`{each.target}` was changed by {because} since this was planned",
        hint="a comment with the one line `runner preview` plans it anew",
    )
    return replace(each, verdicts=(*each.verdicts, verdict))
