"""The publish stage: a preview of a pull request on the forge, with what is approved of it. It runs no engine, and
believes nothing of the plan stage's artifact that the forge, Git or the gates can say themselves.

Whatever was told before, telling it again comes to the same: so a run that died halfway is mended by the next.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from runner.diagnostics import Diagnostic
from runner.errors import Denied
from runner.forge import Forge
from runner.model.check import Check, CheckState
from runner.model.names import TargetName
from runner.model.previewed import RequestPreview, Superseded
from runner.model.pull_request import PullRequest, PullState
from runner.operations.bench import Bench
from runner.operations.check_alone import report_whole
from runner.operations.judged_request import Judging, believed_preview, judged, owners_asked
from runner.operations.request_reach import request_paths
from runner.operations.shown_before import Known, edited_since, interrupted, known_before
from runner.operations.shown_records import Showings
from runner.operations.standpoint import standpoint
from runner.operations.telling import Telling, edited_notice, tell, unconfirmed_notice
from runner.operations.whole_previews import NOTHING_KEPT, Keeping, kept_whole
from runner.report.comment import comment_text
from runner.report.comment_frame import gist

_MOST_SUPERSEDED = 20


class Published(Struct, frozen=True, kw_only=True):
    """What stands on the forge now. `state` is the check's, `because` its title, or why nothing was told. `comment` is
    the id of ours, empty where none was written. `approvable`: the targets whose plan a review can approve now."""

    number: int
    commit: str
    state: CheckState
    because: str
    comment: str = ""
    checks: tuple[Check, ...] = ()
    approvable: tuple[TargetName, ...] = ()


def publish(
    bench: Bench,
    forge: Forge,
    pull: PullRequest,
    preview: RequestPreview,
    *,
    heard: str = "",
    keeping: Keeping = NOTHING_KEPT,
) -> Published:
    """Tells `preview` on `pull`, which is what the forge says of the number that the event named (never of the one in
    the artifact). `heard`: the head that the event is of; `keeping`: where the document with everything goes.

    Denied `preview-misaddressed` for a preview of something else, `comment-refused`; NoAnswer: run it again.
    """
    if preview.number != pull.number or (heard and preview.commit not in (heard, pull.head_commit)):
        message = (
            f"the preview is of {preview.number} at `{preview.commit[:12]}`, and was made for {pull.number}"
        )
        raise Denied.of(
            "preview-misaddressed", message, hint="nothing of it is told; run the plan stage again"
        )
    if stale := _overtaken(forge, pull, preview, heard):
        return stale
    stand = standpoint(bench)
    showings = Showings(stand.record.refs, stand.record.outbox)
    known = known_before(forge, showings, pull)
    before = showings.preview(known.shown)
    if before and before.commit == preview.commit and preview.at < before.at:
        because = f"a newer preview of `{preview.commit[:12]}` is told already (run `{before.run}`)"
        return Published(number=pull.number, commit=preview.commit, state=CheckState.NEUTRAL, because=because)
    judging = Judging(bench=bench, stand=stand, forge=forge, pull=pull, reports=known.reports)
    believed, reach = believed_preview(judging, preview)
    believed = replace(believed, superseded=_superseded(known, before, believed))
    return _told(judging, showings, known, believed, reach.paths, keeping)


def recount(bench: Bench, forge: Forge, pull: PullRequest) -> Published:
    """Counts the approvals of a pull request anew, from the last published preview; nothing is planned. Errors: as
    `publish`."""
    stand = standpoint(bench)
    showings = Showings(stand.record.refs, stand.record.outbox)
    known = known_before(forge, showings, pull)
    before = showings.preview(known.shown)
    if before is None or before.commit != pull.head_commit:
        return nothing_told(pull, known)
    judging = Judging(bench=bench, stand=stand, forge=forge, pull=pull, reports=known.reports)
    return tell_again(judging, showings, known, before)


def tell_again(judging: Judging, showings: Showings, known: Known, before: RequestPreview) -> Published:
    """Tells what was told before, judged by what holds now. Errors: as `publish`."""
    stand, brand = judging.stand, judging.forge.project.brand
    asked = owners_asked(stand, before)
    paths = request_paths(judging.bench, stand, judging.pull, brand) if asked else ()
    told = replace(before, law=stand.law, superseded=known.shown.superseded)
    return _told(judging, showings, known, told, paths)


def _told(
    judging: Judging,
    showings: Showings,
    known: Known,
    believed: RequestPreview,
    paths: tuple[str, ...],
    keeping: Keeping | None = None,
) -> Published:
    """Judges and tells; once more where somebody else edited the comment, so that what it showed is approved anew.
    `keeping` None: the document of the preview lies where it was kept."""
    forge = judging.forge
    notices = (unconfirmed_notice(known.because),) if known.because else ()
    preview = judged(judging, _noted(believed, *notices), paths, known.showings)
    if keeping is not None:
        preview = kept_whole(keeping, preview)
    editor = edited_since(forge, known, (comment_text(preview, forge.limits.comment).text,))
    if editor is not None:
        known = replace(known, shown=interrupted(known.shown))
        noted = _noted(replace(believed, whole=preview.whole), *notices, edited_notice(editor))
        preview = judged(judging, noted, paths, known.showings)
    environments = judging.stand.gates.environments.keys()
    telling = Telling(forge=forge, showings=showings, known=known, environments=environments)
    told = tell(telling, preview)
    return Published(
        number=preview.number,
        commit=preview.commit,
        state=told.checks[0].state,
        because=told.checks[0].title,
        comment=told.comment.id,
        checks=told.checks,
        approvable=told.approvable,
    )


def _noted(preview: RequestPreview, *notices: Diagnostic) -> RequestPreview:
    return replace(preview, notices=(*preview.notices, *notices))


def _superseded(
    known: Known, before: RequestPreview | None, preview: RequestPreview
) -> tuple[Superseded, ...]:
    found = known.shown.superseded
    if before is not None and before.run != preview.run:
        found = (*found, Superseded(commit=before.commit, at=before.at, summary=gist(before)))
    return found[-_MOST_SUPERSEDED:]


def _overtaken(forge: Forge, pull: PullRequest, preview: RequestPreview, heard: str) -> Published | None:
    """What is told instead of a preview of what is there no more; None where it is still there."""
    if pull.state is not PullState.OPEN:
        because = f"pull request {pull.number} is {pull.state}: this preview is told to nobody"
        return _untold(preview, because)
    if preview.commit != pull.head_commit:
        because = f"superseded: the head is `{pull.head_commit[:12]}` by now"
        if preview.commit == heard:
            # Only of the event's own commit: an artifact can name anybody's.
            report_whole(forge, preview.commit, CheckState.CANCELLED, because)
        return _untold(preview, because)
    if preview.into != pull.into:
        because = (
            f"it was planned as merged into `{preview.into}`, and is for `{pull.into}` now: preview it again"
        )
        report_whole(forge, preview.commit, CheckState.WAITING, because)
        return _untold(preview, because)
    return None


def _untold(preview: RequestPreview, because: str) -> Published:
    return Published(
        number=preview.number, commit=preview.commit, state=CheckState.CANCELLED, because=because
    )


def nothing_told(pull: PullRequest, known: Known) -> Published:
    """Of a pull request of which no preview is believed, nothing can be told again."""
    because = (
        known.because or f"no preview of `{pull.head_commit[:12]}` is told yet: `runner preview` asks for one"
    )
    return Published(number=pull.number, commit=pull.head_commit, state=CheckState.WAITING, because=because)
