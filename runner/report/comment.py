"""The one comment of a pull request: what its merge would do, cut to the forge's limit with every target named.

Sizes are bytes of UTF-8, so that no forge counts more than we do. Limits: facts/forges.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum

from msgspec import Struct

from runner.model.names import TargetName
from runner.model.plan import Digests, PlanKind
from runner.model.previewed import Outcome, RequestPreview, TargetPreview
from runner.report.comment_diff import Diff, diff_block, diffs_of, native_blocks
from runner.report.comment_frame import FORMS, Form, frame, head
from runner.report.comment_marker import MARKER
from runner.report.comment_names import squeezed
from runner.report.markdown_parts import few, joined, size
from runner.report.safe_text import code
from runner.report.value_text import counted as numbered


class Limit(IntEnum):
    """How long a comment may be. Gitea takes far more than this, and shows it slowly."""

    GITHUB = 65_536
    GITLAB = 1_000_000
    GITEA = 262_144
    CHECK = 65_535
    JOB_SUMMARY = 1 << 20


class CommentText(Struct, frozen=True, kw_only=True):
    """The comment. `shown`: the targets whose plan it has in full; `named`: whether every target's name is in it. Where
    it is not, the pull request is larger than can be reviewed, and nothing of it can be approved (law 14)."""

    text: str
    shown: frozenset[TargetName]
    named: bool


_RESERVE = 600  # for the line that says what is left out


def comment_text(preview: RequestPreview, limit: int) -> CommentText:
    """The comment of at most `limit` bytes: the roomiest form that fits, then diffs as long as they fit, the riskiest
    first. No name is left out for a diff."""
    found = _framed(preview, limit)
    if found is None:
        return CommentText(text=_too_many(preview, limit), shown=frozenset(), named=False)
    before, after = found
    room = limit - size(joined((MARKER, before, after))) - _RESERVE
    blocks, shown, left = _fitting(diffs_of(preview), room)
    text = joined((MARKER, before, *blocks, _left_out(left, preview), after))
    return CommentText(text=text, shown=shown, named=True)


def approvable(preview: RequestPreview, words: CommentText) -> Mapping[TargetName, Digests]:
    """What a review of this comment can approve: made plans that could be opened in full, here or in the document. Not
    what is provisional, incomplete or errored; nothing where the comment could not name every target."""
    return {
        each.target: each.plan.digests
        for each in preview.targets
        if words.named
        and each.outcome is Outcome.PLANNED
        and each.plan is not None
        and each.plan.digests is not None
        and each.plan.kind is PlanKind.PLANNED
        and each.plan.planned is not None
        and not each.plan.planned.errored
        and (each.target in words.shown or _elsewhere(preview, each) or not each.plan.changed)
    }


def _elsewhere(preview: RequestPreview, each: TargetPreview) -> bool:
    """Whether all of its plan can be opened in the whole document, the values that are cut here too."""
    return bool(preview.whole and each.native)


def _framed(preview: RequestPreview, limit: int) -> tuple[str, str] | None:
    for form in FORMS:
        before, after = frame(preview, form)
        if size(joined((MARKER, before, after))) + _RESERVE <= limit:
            return before, after
    return None


def _fitting(
    diffs: Sequence[Diff], room: int
) -> tuple[list[str], frozenset[TargetName], list[TargetPreview]]:
    """The blocks that fit, the targets that they show in full, and those that they do not."""
    blocks: list[str] = []
    shown: set[TargetName] = set()
    left: list[TargetPreview] = []
    for diff in diffs:
        found = diff_block(diff, room - 2) if room > 2 else None
        if found is None:
            left += diff.targets
            continue
        block, complete = found
        blocks.append(block)
        room -= size(block) + 2
        if complete and diff.whole:
            shown.update(each.target for each in diff.targets)
        else:
            left += diff.targets
    return blocks, frozenset(shown), left


def _left_out(left: Sequence[TargetPreview], preview: RequestPreview) -> str:
    if not left:
        return ""
    found = [each for each in left if _elsewhere(preview, each)]
    lost = [each for each in left if not _elsewhere(preview, each)]
    where = "it is in the whole document, whose place is named below"
    return joined(
        (
            _not_here(found, where),
            _not_here(lost, "nobody could open the whole of it, and so it cannot be approved"),
        )
    )


def _not_here(left: Sequence[TargetPreview], where: str) -> str:
    names = [str(each.target) for each in left if len(str(each.target)) <= 60]
    named = f" ({few(names, 3)})" if names else ""
    return f"**Not all of {numbered(len(left), 'plan')} fits here{named}: {where}.**" if left else ""


def _too_many(preview: RequestPreview, limit: int) -> str:
    """Not even the names fit: what can be told, and that nothing of it can be approved."""
    closed = (
        f"**The names of its {numbered(len(preview.targets), 'target')} alone are longer than a comment may be. What "
        "cannot be read cannot be approved: make several pull requests of it.**"
    )
    text = joined((MARKER, head(preview), closed))
    names = squeezed((str(each.target) for each in preview.targets), "/-_.")
    while names and size(joined((text, code(f"{names}…")))) > limit:
        names = names[: len(names) // 2]
    return joined((text, code(f"{names}…"))) if names else text


def job_summary(preview: RequestPreview, limit: int = Limit.JOB_SUMMARY) -> str:
    """The comment with more room, and the engines' own words as long as they fit."""
    text = comment_text(preview, limit).text
    for block in native_blocks(preview):
        more = joined((text, block))
        if size(more) <= limit:
            text = more
    return text


def whole_document(preview: RequestPreview) -> str:
    """Everything, in the engines' own words too, without a limit: for an artifact."""
    before, after = frame(preview, Form(most=1 << 30))
    blocks = [found[0] for diff in diffs_of(preview) if (found := diff_block(diff))]
    return joined((before, *blocks, *native_blocks(preview), after)) + "\n"
