"""How a run ends: what changed, what did not, what to type next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import shorten

from runner.model.happening import TargetFinished
from runner.model.names import TargetName
from runner.model.plan import Plan, PlanKind
from runner.model.plan import counted as counts_of
from runner.report.listings import Standing, standings
from runner.report.plain_lines import OUTCOMES
from runner.report.plan_text import counts_text
from runner.report.styled import Line, Piece, Style, line
from runner.report.value_text import ago, counted

_ORDER = ("failed", "succeeded", "pending", "skipped", "unchanged")
_NAMED = 12
_SAID = {
    "failed": "failed",
    "succeeded": "changed",
    "pending": "waiting",
    "skipped": "not touched",
    "unchanged": "already as wished",
}


def outcome_lines(outcomes: Mapping[TargetName, TargetFinished]) -> list[Line]:
    """Targets by how they ended, the worst first; a target that did not end well has its because."""
    if not outcomes:
        return [line(Piece("nothing was done: no target was left to work on", Style.WARNING))]
    told: list[Line] = []
    for outcome in sorted({each.outcome for each in outcomes.values()}, key=_rank):
        ended = sorted(
            (each for each in outcomes.values() if each.outcome == outcome), key=lambda each: each.target
        )
        style = OUTCOMES.get(outcome, (outcome, Style.WARNING))[1]
        head = Piece(f"{_SAID.get(outcome, outcome)}: {counted(len(ended), 'target')}", style)
        if outcome in ("succeeded", "unchanged") and not any(each.because for each in ended):
            told.append(line(head, "  ", _names(ended)))
            continue
        told.append(line(head))
        for each in ended:
            told_above = bool(each.diagnostics)
            because = shorten(each.because, 120, placeholder="…") if told_above else each.because
            because = f": {because}" if because else ""
            told.append(line("  ", Piece(str(each.target), Style.NAME), because))
    return told


def live_lines_of(live: Sequence[Standing], orphans: Sequence[TargetName] = ()) -> list[Line]:
    """What is live after a run, and what nobody wishes for any more."""
    told = [line(), line(Piece("live", Style.STRONG)), *standings(live)] if live else []
    if orphans:
        told += [line(), line(Piece("no longer wished for, and not touched (orphans):", Style.WARNING))]
        told += [line("  ", Piece(str(each), Style.NAME)) for each in orphans]
    return told


def _names(ended: Sequence[TargetFinished]) -> str:
    names = ", ".join(str(each.target) for each in ended[:_NAMED])
    return f"{names} and {len(ended) - _NAMED} more" if len(ended) > _NAMED else names


def _rank(outcome: str) -> int:
    return _ORDER.index(outcome) if outcome in _ORDER else -1


def preview_lines(plans: Sequence[Plan], outcomes: Mapping[TargetName, TargetFinished]) -> list[Line]:
    """How a preview ends: what would change, what would not, what could not be planned, and why not."""
    made = [plan for plan in plans if plan.kind is not PlanKind.DEFERRED]
    changing = [plan for plan in made if plan.changed]
    told: list[Line] = []
    if changing:
        told.append(line(Piece(f"would change: {counted(len(changing), 'target')}", Style.CHANGED)))
        for plan in changing:
            counts = counts_text(counts_of(plan.planned)) if plan.planned else ""
            told.append(line("  ", Piece(str(plan.target), Style.NAME), f": {counts}"))
    if unchanged := len(made) - len(changing):
        told.append(line(Piece(f"already as wished: {counted(unchanged, 'target')}", Style.GOOD)))
    if ages := [plan.age for plan in made if plan.age is not None]:
        known = f"planned before: {counted(len(ages), 'target')}, the oldest {ago(max(ages))}"
        told.append(line(Piece(known, Style.FAINT), "; `--fresh` plans anew"))
    deferred = [plan for plan in plans if plan.kind is PlanKind.DEFERRED]
    if deferred:
        told.append(line(Piece(f"not planned yet: {counted(len(deferred), 'target')}", Style.WARNING)))
        told += [line("  ", Piece(str(plan.target), Style.NAME), f": {plan.because}") for plan in deferred]
    planned = {plan.target for plan in plans}
    rest = {name: each for name, each in outcomes.items() if name not in planned}
    return [*told, *outcome_lines(rest)] if rest or not plans else told
