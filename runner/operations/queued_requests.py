"""The check at the head of a merge queue: several pull requests together, of which each must be approved as it would be
merged. Nobody can approve anything there, so what waits for a person fails (law 3). No comment is written.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from runner.errors import Denied
from runner.forge import Forge
from runner.model.approval import Standing
from runner.model.previewed import RequestPreview, TargetPreview
from runner.model.pull_request import PullRequest
from runner.operations.bench import Bench
from runner.operations.judged_request import Judging, believed_preview, judged
from runner.operations.publishing import Published
from runner.operations.request_reach import gates_for
from runner.operations.shown_before import known_before, pointed
from runner.operations.shown_records import Showings
from runner.operations.standpoint import Standpoint, standpoint
from runner.report.comment_check import CHECK, checks_of


def publish_queued(
    bench: Bench, forge: Forge, pulls: Sequence[PullRequest], preview: RequestPreview, *, heard: str
) -> Published:
    """Reports the checks of `preview` on `heard`, the queue's head that the event names. `pulls`: those that are in
    it, as the forge has them. A target is approved where the approvals of one of them open it, for the digests that it
    has in the queue. Denied `preview-misaddressed`; NoAnswer."""
    if preview.commit != heard:
        message = (
            f"the preview is of `{preview.commit[:12]}`, and was made for `{heard[:12]}` in the merge queue"
        )
        raise Denied.of("preview-misaddressed", message, hint="run the plan stage again")
    stand = standpoint(bench)
    showings = Showings(stand.record.refs, stand.record.outbox)
    counted: list[RequestPreview] = []
    told = replace(preview, queued=True, whole="", superseded=())
    for pull in pulls:
        known = known_before(forge, showings, pull)
        judging = Judging(bench=bench, stand=stand, forge=forge, pull=pull, reports=known.reports)
        told, reach = believed_preview(judging, told)
        counted.append(judged(judging, told, reach.paths, known.showings))
    told = replace(told, targets=tuple(_united(stand, each, counted) for each in told.targets))
    return _reported(stand, forge, told)


def _united(stand: Standpoint, each: TargetPreview, counted: Sequence[RequestPreview]) -> TargetPreview:
    """A target as the pull request has it that opens it, else as one that does not. What came by none is closed."""
    same = [one for preview in counted for one in preview.targets if one.target == each.target]
    opened = [one for one in same if one.standing is None or one.standing.open]
    if same:
        verdicts = tuple(dict.fromkeys(verdict for one in same for verdict in one.verdicts))
        return replace((opened or same)[0], verdicts=verdicts)
    requires = gates_for(stand, each.target.environment).requires
    if requires is None:
        return replace(each, standing=None)
    needed = requires.reviews.count if requires.reviews else 0
    missing = ("the forge names no pull request of it",)
    return replace(each, standing=Standing(target=each.target, needed=needed, missing=missing))


def _reported(stand: Standpoint, forge: Forge, preview: RequestPreview) -> Published:
    limits = forge.limits
    own = {CHECK, *(f"{CHECK}/{each}" for each in stand.gates.environments)}
    wanted = checks_of(preview, title=limits.title, summary=limits.summary)
    checks = tuple(
        forge.report_check(replace(each, title=pointed(each.title, ())))
        for each in wanted
        if each.name in own
    )
    first = checks[0]
    return Published(number=0, commit=preview.commit, state=first.state, because=first.title, checks=checks)
