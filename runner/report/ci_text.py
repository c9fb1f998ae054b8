"""What a job of CI did, in its log: the event, what came of it, a line a target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runner.model.happening import TargetFinished
from runner.model.pending import PendingApply
from runner.model.previewed import RequestPreview, TargetPreview
from runner.report.markdown_parts import joined, table, words
from runner.report.safe_text import code, one_line
from runner.report.styled import Line, line


def ci_lines(
    event: str, did: str, preview: RequestPreview | None, waiting: Iterable[PendingApply]
) -> Iterator[Line]:
    """`event` and `did` in foreign words."""
    yield line(f"{one_line(event)}: {one_line(did)}")
    for each in preview.targets if preview else ():
        yield line(f"  {one_line(str(each.target))}  {_told(each)}")
    for pending in waiting:
        yield line(f"  {one_line(str(pending.target))}  waits: {one_line('; '.join(pending.waits))}")


_MOST = 500
"""Rows of a job's summary: more than a page is for."""


def ci_summary(
    event: str, did: str, preview: RequestPreview | None, outcomes: Iterable[TargetFinished]
) -> str:
    """The same as markdown, for the page of a job that has nothing longer to show."""
    rows = [(each.target, str(each.outcome), _why(each)) for each in (preview.targets if preview else ())]
    rows += [(each.target, each.outcome, each.because) for each in outcomes]
    cells = [(code(str(name), cell=True), end, words(why, cell=True)) for name, end, why in rows[:_MOST]]
    left = f"and {len(rows) - _MOST:,} more" if len(rows) > _MOST else ""
    listed = table(("target", "outcome", "because"), cells) if cells else ""
    return joined((f"### {words(event)}", words(did), listed, left)) + "\n"


def _why(each: TargetPreview) -> str:
    return each.because or "; ".join(each.affected)


def _told(each: TargetPreview) -> str:
    why = _why(each)
    digest = f"  {each.plan.digest[:15]}" if each.plan and each.plan.digest else ""
    return f"{each.outcome}{digest}" + (f"  {one_line(why)}" if why else "")
