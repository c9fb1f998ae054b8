"""What is told on a merged pull request: what was applied of it, and what waits, with the line that releases it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.model.happening import TargetFinished
from runner.model.names import TargetName
from runner.model.pending import PendingApply
from runner.report.markdown_parts import TAB, bullets, folded, joined, table, words
from runner.report.safe_text import code, html_code

APPLY_MARKER = f"<!--{TAB}gitops-runner{TAB}apply{TAB}-->"
"""The first line of the comment; see `comment_marker`."""
_MOST = 100


def apply_comment(
    outcomes: Mapping[TargetName, TargetFinished], pending: Mapping[TargetName, PendingApply], commit: str
) -> str:
    """The comment, of at most _MOST targets by name: those that wait and failed first."""
    order = sorted(outcomes, key=lambda name: (outcomes[name].exit_code == 0, name))
    rows = [
        (
            code(str(name), cell=True),
            outcomes[name].outcome,
            words(outcomes[name].because, cell=True) if outcomes[name].exit_code else "",
        )
        for name in order[:_MOST]
    ]
    waiting = [pending[name] for name in order[:_MOST] if name in pending]
    left = f"and {len(order) - _MOST:,} more; `runner status` has them all" if len(order) > _MOST else ""
    return joined(
        (
            APPLY_MARKER,
            f"### {_title(outcomes)} at `{commit[:12]}`",
            table(("target", "outcome", "because"), rows),
            left,
            _released(waiting),
            *(_side_by_side(each) for each in waiting if each.differing),
        )
    )


def _title(outcomes: Mapping[TargetName, TargetFinished]) -> str:
    ends = [each.outcome for each in outcomes.values()]
    if "failed" in ends:
        return "An apply failed"
    return "An apply waits" if "pending" in ends else "Applied"


def _released(waiting: Sequence[PendingApply]) -> str:
    lines = [code(f"runner approve {each.target} {each.digest}") for each in waiting if each.digest]
    return (
        joined(("A comment of one of these lines releases exactly that plan:", bullets(lines)))
        if lines
        else ""
    )


def _side_by_side(each: PendingApply) -> str:
    rows = [(one.name, code(one.approved, cell=True), code(one.now, cell=True)) for one in each.differing]
    summary = f"{html_code(str(each.target))}: as it was approved, and as it is now"
    return folded(summary, table(("digest", "approved", "now"), rows))
