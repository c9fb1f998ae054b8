"""Where every target of a run stands, as a pure fold of its happenings; time is handed in, in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from msgspec import Struct, field
from msgspec.structs import replace

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
from runner.model.names import TargetName
from runner.model.plan import counted
from runner.report.plan_text import counts_text


class Row(Struct, frozen=True, kw_only=True):
    """One target. `started` and `ended` are moments of the clock that is handed in; None: not yet. `done` of `total`
    resources, 0 of 0 when unknown; `failed` of those done."""

    target: TargetName
    phase: str = "waiting"
    text: str = ""
    counts: str = ""
    done: int = 0
    total: int = 0
    failed: int = 0
    started: float | None = None
    ended: float | None = None
    outcome: str = ""
    because: str = ""

    def elapsed(self, now: float) -> float:
        """Seconds of work so far; 0 before it begins."""
        return 0.0 if self.started is None else (now if self.ended is None else self.ended) - self.started


class Progress(Struct, frozen=True, kw_only=True):
    """A run so far. `rows` are in the order of the waves, then of appearance."""

    verb: str = ""
    run: str = ""
    started: float | None = None
    rows: Mapping[TargetName, Row] = field(default_factory=lambda: MappingProxyType({}))
    finished: bool = False

    @property
    def active(self) -> tuple[Row, ...]:
        """The targets that are worked on."""
        return tuple(row for row in self.rows.values() if row.started is not None and row.ended is None)

    @property
    def ended(self) -> int:
        """How many targets have ended."""
        return sum(row.ended is not None for row in self.rows.values())


def folded(progress: Progress, happening: Happening, at: float) -> Progress:
    """`progress` after `happening`, which was told at `at`."""
    match happening:
        case RunStarted():
            rows = {name: Row(target=name) for wave in happening.waves for name in wave}
            return Progress(verb=happening.verb, run=happening.run, started=at, rows=rows)
        case RunFinished():
            return replace(progress, finished=True)
        case Noted():
            return progress
        case PlanReady():
            row = progress.rows.get(happening.plan.target, Row(target=happening.plan.target))
        case TargetStarted() | TargetProgress() | ResourceApplied() | TargetFinished():
            row = progress.rows.get(happening.target, Row(target=happening.target))
        case _:
            assert_never(happening)
    return replace(progress, rows={**progress.rows, row.target: _moved(row, happening, at)})


def _moved(
    row: Row,
    happening: TargetStarted | TargetProgress | PlanReady | ResourceApplied | TargetFinished,
    at: float,
) -> Row:
    started = at if row.started is None else row.started
    match happening:
        case TargetStarted():
            return replace(row, started=started, phase="preparing")
        case TargetProgress():
            # What is known of resources stays known while a line without counts passes.
            done, total = max(row.done, happening.done), happening.total or row.total
            return replace(
                row, started=started, phase=happening.phase, text=happening.text, done=done, total=total
            )
        case PlanReady(plan=plan):
            counts = counts_text(counted(plan.planned)) if plan.planned and plan.changed else ""
            total = (
                sum(each.kind not in ("no-op", "read") for each in plan.planned.changes)
                if plan.planned
                else 0
            )
            return replace(row, started=started, phase="planned", text="", counts=counts, total=total)
        case ResourceApplied():
            failed = row.failed + (not happening.ok)
            done = min(row.done + 1, row.total or row.done + 1)
            text = (
                f"{happening.address}: {happening.action if happening.ok else happening.action + ' failed'}"
            )
            return replace(row, started=started, phase="applying", text=text, done=done, failed=failed)
        case TargetFinished():
            return replace(row, ended=at, phase="ended", outcome=happening.outcome, because=happening.because)
        case _:
            assert_never(happening)


def duration_text(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 05 s`, `2 h 07 min`."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
