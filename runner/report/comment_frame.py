"""All of a comment but the diffs, in forms that take less and less room; each form has every target's name."""

from __future__ import annotations

import re

from msgspec import Struct

from runner.decisions.closure import VERSION
from runner.kit import canonical
from runner.model.plan import PlanKind
from runner.model.previewed import Outcome, RequestPreview
from runner.report.comment_callouts import callouts
from runner.report.comment_gates import gates_text
from runner.report.comment_names import Group, Together, grouped, listed, squeezed
from runner.report.comment_rows import rows_of
from runner.report.markdown_parts import bullets, folded, joined, table, words
from runner.report.safe_text import code
from runner.report.value_text import counted as numbered

_MOST_SUPERSEDED = 10
_URL = re.compile(r"https?://[A-Za-z0-9.\-_~:/?#%&=+,;]{1,2000}")


class Form(Struct, frozen=True, kw_only=True):
    """How much room the frame may take. `most`: lines of each kind of callout; `together`: which targets share a row;
    `separators`: what their names share in front of one of these is said once."""

    most: int
    together: Together = Together.NONE
    separators: str = ""


FORMS = (
    Form(most=50),
    Form(most=15),
    Form(most=15, together=Together.ALIKE),
    Form(most=5, together=Together.ALIKE, separators="/"),
    Form(most=5, together=Together.STATE, separators="/"),
    Form(most=3, together=Together.STATE, separators="/-_."),
    Form(most=1, together=Together.RISK, separators="/-_."),
)
"""From the roomiest to the tightest; the first that fits is taken."""


def head(preview: RequestPreview) -> str:
    """What this is a preview of, and what it came to in one sentence."""
    target = f", merged into {code(preview.into)}"
    merged = f" as {code(preview.planned)}" if preview.planned != preview.commit else ""
    bound = f"Code {code(preview.commit)}{target}{merged}; gates of {code(preview.law)}"
    digest = f"; digest {code(VERSION + canonical.digest(_digests(preview)))}" if _digests(preview) else ""
    made = f"{preview.at:%Y-%m-%d %H:%M} UTC, run {code(preview.run)}"
    return f"### Preview of {code(preview.commit[:12])}: {gist(preview)}\n\n{bound}{digest}; {made}."


def _digests(preview: RequestPreview) -> dict[str, str]:
    return {str(each.target): each.plan.digest for each in preview.targets if each.plan and each.plan.digest}


def gist(preview: RequestPreview) -> str:
    """What was planned, what was not, in one line; with the because where nothing is affected (law 3)."""
    if not preview.targets:
        return f"nothing is affected{f': {words(preview.because)}' if preview.because else ''}"
    planned = [each for each in preview.targets if each.plan and each.plan.planned]
    changing = [each for each in planned if each.plan and each.plan.changed]
    numbers = (
        (len(planned), "planned"),
        (len(changing), "with changes"),
        (_ended(preview, Outcome.FAILED), "failed"),
        (_ended(preview, Outcome.APPLY_FAILED), "failed in the apply"),
        (_ended(preview, Outcome.APPLIED), "applied"),
        (_ended(preview, Outcome.PENDING), "pending"),
        (_ended(preview, Outcome.HELD_BACK), "held back"),
        (_ended(preview, Outcome.SKIPPED), "skipped"),
        (_ended(preview, Outcome.SUPERSEDED), "superseded"),
        (_kinds(preview, PlanKind.DEFERRED), "deferred"),
        (_kinds(preview, PlanKind.PROVISIONAL), "provisional"),
    )
    told = ", ".join(f"{number:,} {text}" for number, text in numbers if number)
    return f"{numbered(len(preview.targets), 'target')} affected, {told or '0 planned'}"


def _ended(preview: RequestPreview, outcome: Outcome) -> int:
    return sum(each.outcome is outcome for each in preview.targets)


def _kinds(preview: RequestPreview, kind: PlanKind) -> int:
    return sum(each.plan is not None and each.plan.kind is kind for each in preview.targets)


def frame(preview: RequestPreview, form: Form) -> tuple[str, str]:
    """What comes before the diffs, and what after them."""
    before = (
        head(preview),
        callouts(preview, form.most),
        summary_table(preview, form),
        gates_text(preview, form.most),
    )
    return joined(before), joined((_superseded(preview), _footer(preview)))


def summary_table(preview: RequestPreview, form: Form) -> str:
    """A row a target, or one for all of an environment that say the same."""
    rows = rows_of(preview)
    if not rows:
        return ""
    if form.together is Together.NONE:
        return table(
            ("Target", "Changes", "Risk", "On merge", "Digest"),
            (
                (
                    code(str(row.target), cell=True),
                    row.changes,
                    row.risk.value,
                    row.merge,
                    code(row.digest[:15], cell=True),
                )
                for row in rows
            ),
        )
    return table(
        ("Targets", "Number", "Changes", "Risk", "On merge"),
        (
            (_names(group, form), f"{len(group.targets):,}", group.changes, group.risk.value, group.merge)
            for group in grouped(rows, form.together)
        ),
    )


def _names(group: Group, form: Form) -> str:
    names = squeezed(group.names, form.separators) if form.separators else listed(group.names)
    place = f"{code(group.place, cell=True)}: " if group.place else ""
    return place + code(names, cell=True)


def _superseded(preview: RequestPreview) -> str:
    if not preview.superseded:
        return ""
    latest = sorted(preview.superseded, key=lambda each: each.at, reverse=True)[:_MOST_SUPERSEDED]
    lines = [
        f"~~{code(each.commit[:12])} at {each.at:%Y-%m-%d %H:%M} UTC: {words(each.summary)}~~"
        for each in latest
    ]
    if left := len(preview.superseded) - len(latest):
        lines.append(f"and {left:,} earlier")
    return folded(numbered(len(preview.superseded), "superseded preview"), bullets(lines))


def _footer(preview: RequestPreview) -> str:
    if not preview.whole:
        where = ""
    elif _URL.fullmatch(preview.whole):
        where = f"[The whole of it, in the engine's own words too]({preview.whole}). "
    else:
        where = f"The whole of it: {code(preview.whole)}. "
    return f"{where}A comment with the one line `runner help` tells what can be asked for here."
