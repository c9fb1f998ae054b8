"""A run where there is no terminal: one line a happening."""

from __future__ import annotations

from typing import assert_never

from runner.model.happening import (
    Happening,
    Noted,
    PlanReady,
    ResourceApplied,
    RunFinished,
    RunStarted,
    TargetFinished,
    TargetProgress,
    TargetStarted,
)
from runner.model.plan import PlanKind, counted
from runner.report.diagnostics_text import diagnostic_lines
from runner.report.plan_text import counts_text
from runner.report.progress import Progress, duration_text
from runner.report.styled import Line, Piece, Style, line
from runner.report.value_text import ago
from runner.report.value_text import counted as numbered

OUTCOMES: dict[str, tuple[str, Style]] = {
    "succeeded": ("succeeded", Style.GOOD),
    "unchanged": ("unchanged", Style.GOOD),
    "failed": ("FAILED", Style.BAD),
    "skipped": ("skipped", Style.WARNING),
    "pending": ("pending", Style.WARNING),
}
DONE = {"create": "created", "update": "updated", "delete": "destroyed"}
"""What an engine's action has come to."""


def happening_lines(happening: Happening, progress: Progress, now: float) -> list[Line]:
    """What is said of `happening`; `progress` is the run after it, `now` on the same clock."""
    match happening:
        case RunStarted():
            targets = numbered(sum(map(len, happening.waves)), "target")
            of = f" of commit {happening.commit[:12]}" if happening.commit else ""
            gates = f", gates of {happening.law[:12]}" if happening.law not in ("", happening.commit) else ""
            return [
                line(Piece(f"run {happening.run}", Style.FAINT), f": {happening.verb}, {targets}{of}{gates}")
            ]
        case TargetStarted():
            return [line(Piece(str(happening.target), Style.NAME), ": started")]
        case TargetProgress():
            of = f" ({happening.done} of {happening.total})" if happening.total else ""
            text = f": {happening.text}" if happening.text else ""
            return [line(Piece(str(happening.target), Style.NAME), f": {happening.phase}{of}{text}")]
        case PlanReady(plan=plan):
            return [line(Piece(str(plan.target), Style.NAME), ": ", *_planned(happening))]
        case ResourceApplied():
            return [line(Piece(str(happening.target), Style.NAME), ": ", _resource(happening))]
        case TargetFinished():
            row = progress.rows.get(happening.target)
            return [finished_line(happening, row.elapsed(now) if row else 0.0)]
        case Noted():
            return diagnostic_lines([happening.diagnostic])
        case RunFinished():
            took = "" if progress.started is None else f" after {duration_text(now - progress.started)}"
            return [line(Piece(f"run {happening.run}", Style.FAINT), f": ended{took}")]
        case _:
            assert_never(happening)


def finished_line(finished: TargetFinished, seconds: float) -> Line:
    """How one target ended, after how long, and why."""
    word, style = OUTCOMES.get(finished.outcome, (finished.outcome, Style.WARNING))
    took = f" in {duration_text(seconds)}" if seconds else ""
    because = f": {finished.because}" if finished.because else ""
    return line(
        Piece(str(finished.target), Style.NAME), " ", Piece(word, style), Piece(took, Style.FAINT), because
    )


def _resource(applied: ResourceApplied) -> Piece:
    identity = f" [id={applied.id}]" if applied.id else ""
    if not applied.ok:
        return Piece(f"{applied.address}: {applied.action} FAILED{identity}", Style.BAD)
    return Piece(f"{applied.address}: {DONE.get(applied.action, applied.action)}{identity}", Style.GOOD)


def _planned(ready: PlanReady) -> tuple[Piece, ...]:
    plan = ready.plan
    if plan.planned is None:
        return (Piece("not planned yet", Style.WARNING), Piece(f": {plan.because}" if plan.because else ""))
    planned = "planned" if plan.age is None else f"planned {ago(plan.age)}"
    if not plan.changed:
        return (Piece(f"{planned}, nothing is to be applied"),)
    kind = "provisional, " if plan.kind is PlanKind.PROVISIONAL else ""
    digest = Piece(f"  {plan.digest[:15]}", Style.FAINT)  # in full below the plan
    return (Piece(f"{planned}, {kind}{counts_text(counted(plan.planned))}"), digest)
