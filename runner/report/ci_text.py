"""What a job of CI did, in its log: the event, what came of it, a line a target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runner.model.pending import PendingApply
from runner.model.previewed import RequestPreview, TargetPreview
from runner.report.safe_text import one_line
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


def _told(each: TargetPreview) -> str:
    why = each.because or "; ".join(each.affected)
    digest = f"  {each.plan.digest[:15]}" if each.plan and each.plan.digest else ""
    return f"{each.outcome}{digest}" + (f"  {one_line(why)}" if why else "")
