"""Tells a judged preview: one comment, edited in place; the record of what it shows, and since when; the checks.

In this order, for a review is bound to what was recorded, and the record counts once the check names it. Each step
comes to the same when it is done again.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct
from msgspec.structs import replace

from runner.diagnostics import Diagnostic, Severity
from runner.errors import Denied
from runner.forge import Forge
from runner.model.approval import Showing
from runner.model.check import Check
from runner.model.names import TargetName
from runner.model.person import Person
from runner.model.previewed import RequestPreview, TargetPreview
from runner.model.pull_request import Comment
from runner.model.shown import Shown
from runner.operations.judged_request import STALE
from runner.operations.shown_before import POINTER_LENGTH, Known, body_digest, pointed
from runner.operations.shown_records import Showings
from runner.report.comment import CommentText, approvable, comment_text
from runner.report.comment_check import CHECK, checks_of

EDITED, UNCONFIRMED, CLOSED = "comment-edited", "showing-unconfirmed", "request-closed"


class Telling(Struct, frozen=True, kw_only=True):
    """Where it is told: the forge, the record's place, and what is known of what was told before. `environments` have
    a check of their own; a stranger's artifact can name as many others as it likes."""

    forge: Forge
    showings: Showings
    known: Known
    environments: Collection[str]


class Told(Struct, frozen=True, kw_only=True):
    """What stands there now; `checks` begin with that of the whole."""

    comment: Comment
    checks: tuple[Check, ...]
    approvable: tuple[TargetName, ...]


def tell(telling: Telling, preview: RequestPreview) -> Told:
    """Denied `comment-refused`; NoAnswer: what was not told yet is told by the next run."""
    limit = telling.forge.limits.comment
    words = comment_text(preview, limit)
    try:
        comment = _commented(telling, words)
    except Denied as refused:
        _report(telling, _closed(preview, refused.diagnostics), telling.known.digest)
        raise _refused(preview, refused) from None
    digests = approvable(preview, words)
    now = Showing(at=comment.updated_at, commit=preview.commit, digests=digests)
    shown = replace(
        telling.known.shown,
        comment=comment.id,
        body=body_digest(comment.body),
        superseded=preview.superseded,
        showings=_showings(telling.known.shown, now),
    )
    digest = telling.showings.keep(shown, _kept(preview), telling.known.digest)
    return Told(comment=comment, checks=_report(telling, preview, digest), approvable=tuple(sorted(digests)))


def edited_notice(editor: Person) -> Diagnostic:
    """Somebody else edited our comment."""
    who = f"`{editor.login}`" if editor.login else "somebody else"
    message = (
        f"{who} edited this comment: whoever approved what it showed until now is asked to approve once more"
    )
    return Diagnostic(code=EDITED, message=message, severity=Severity.WARNING)


def unconfirmed_notice(because: str) -> Diagnostic:
    """A record of what was shown that nobody confirms."""
    message = f"{because}: approvals that were given until now do not count"
    return Diagnostic(code=UNCONFIRMED, message=message, severity=Severity.WARNING)


def _commented(telling: Telling, words: CommentText) -> Comment:
    known, forge, number = telling.known.comment, telling.forge, telling.known.shown.number
    if known is None:
        return forge.write_comment(number, words.text)
    if body_digest(known.body) == body_digest(words.text):
        return known
    return forge.edit_comment(number, known, words.text)


def _showings(shown: Shown, now: Showing) -> tuple[Showing, ...]:
    """With what is shown from now on; where that is what was shown before, it has been shown since then."""
    last = shown.showings[-1] if shown.showings else None
    if last and last.commit == now.commit and last.digests == now.digests:
        return shown.showings
    return (*shown.showings, now)


def _kept(preview: RequestPreview) -> RequestPreview:
    """What is counted again later: without what is asked anew each time, and without the engines' own words, which
    stand in the whole document."""
    notices = tuple(each for each in preview.notices if each.code not in (EDITED, UNCONFIRMED, CLOSED))
    return replace(preview, targets=tuple(map(_target, preview.targets)), notices=notices, superseded=())


def _target(each: TargetPreview) -> TargetPreview:
    stale = tuple(verdict for verdict in each.verdicts if verdict.gate == STALE)
    return replace(each, standing=None, verdicts=stale, native="…" if each.native else "")


def _report(telling: Telling, preview: RequestPreview, digest: str) -> tuple[Check, ...]:
    """The check of the whole comes first: a run that dies after it has told the most."""
    limits = telling.forge.limits
    checks = checks_of(preview, title=max(0, limits.title - POINTER_LENGTH), summary=limits.summary)
    named = (digest, *telling.known.others)
    own = {CHECK, *(f"{CHECK}/{each}" for each in telling.environments)}
    wanted = [
        replace(each, title=pointed(each.title, named if each.name == CHECK else ())) for each in checks
    ]
    return tuple(telling.forge.report_check(each) for each in wanted if each.name in own)


def _closed(preview: RequestPreview, why: tuple[Diagnostic, ...]) -> RequestPreview:
    """The check says what the comment cannot."""
    errors = tuple(replace(each, severity=Severity.ERROR) for each in why)
    return replace(preview, notices=(*errors, *preview.notices))


def _refused(preview: RequestPreview, refused: Denied) -> Denied:
    first = refused.diagnostics[0]
    return Denied.of(
        "comment-refused",
        f"the preview could not be told on pull request {preview.number}: {first.message}",
        hint=first.hint or "`runner doctor --forge` shows what the token lacks, and where to grant it",
    )
