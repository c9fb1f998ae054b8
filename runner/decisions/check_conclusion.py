"""How the check on a pull request stands (law 3): never green where nothing was planned, unless nothing is affected.

WAITING is for what a person can open: it blocks a merge that requires the check, and is not red. At the head of a merge
queue nobody can, so there what waits for a person fails.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from runner.diagnostics import Severity
from runner.model.check import CheckState
from runner.model.plan import PlanKind
from runner.model.previewed import Outcome, RequestPreview, TargetPreview
from runner.model.verdict import Answer

_RANK = (CheckState.FAILED, CheckState.WAITING, CheckState.PASSED)


class Conclusion(Struct, frozen=True, kw_only=True):
    """The state, and why, in one sentence with foreign words in it."""

    state: CheckState
    because: str


def conclusion(preview: RequestPreview, environment: str = "") -> Conclusion:
    """How the check of the whole stands, or that of one environment."""
    closed = [each for each in preview.notices if each.severity is Severity.ERROR]
    if closed:
        return Conclusion(state=CheckState.FAILED, because=closed[0].message)
    targets = [each for each in preview.targets if environment in ("", each.target.environment)]
    if not targets:
        place = f" in `{environment}`" if environment else ""
        because = f": {preview.because}" if preview.because else ""
        return Conclusion(state=CheckState.PASSED, because=f"nothing is affected{place}{because}")
    found = sorted((_of(each) for each in targets), key=lambda each: _RANK.index(each.state))
    worst = found[0]
    if worst.state is CheckState.WAITING and preview.queued:
        return Conclusion(
            state=CheckState.FAILED, because=f"{worst.because}, and nobody can do that in the queue"
        )
    return worst if worst.state is not CheckState.PASSED else _planned(targets)


def _of(each: TargetPreview) -> Conclusion:
    """How one target stands."""
    name = f"`{each.target}`"
    denied = next((verdict for verdict in each.verdicts if verdict.answer is Answer.DENY), None)
    if each.outcome in (Outcome.FAILED, Outcome.APPLY_FAILED):
        return Conclusion(state=CheckState.FAILED, because=f"{name} failed: {_why(each)}")
    if each.plan and each.plan.planned and each.plan.planned.errored:
        return Conclusion(state=CheckState.FAILED, because=f"the plan of {name} stopped with an error")
    if denied:
        return Conclusion(
            state=CheckState.FAILED, because=f"{name} is denied by `{denied.gate}`: {denied.because}"
        )
    if each.outcome is Outcome.HELD_BACK:
        because = f"{name} waits for a maintainer to name the commit: {_why(each)}"
        return Conclusion(state=CheckState.WAITING, because=because)
    if each.outcome in (Outcome.SKIPPED, Outcome.PENDING):
        return Conclusion(state=CheckState.WAITING, because=f"{name} is {each.outcome}: {_why(each)}")
    if each.outcome in (Outcome.APPLIED, Outcome.SUPERSEDED):
        return Conclusion(state=CheckState.PASSED, because=f"{name} is {each.outcome}")
    if each.plan is None:
        return Conclusion(state=CheckState.FAILED, because=f"{name} was not planned: {_why(each)}")
    stale = next((verdict for verdict in each.verdicts if verdict.code == "plan-stale"), None)
    if stale:
        return Conclusion(
            state=CheckState.WAITING, because=f"{name} waits for a new preview: {stale.because}"
        )
    if each.standing and not each.standing.open and each.plan.changed and each.plan.kind is PlanKind.PLANNED:
        because = f"{name} waits for {'; '.join(each.standing.missing)}"
        return Conclusion(state=CheckState.WAITING, because=because)
    return Conclusion(state=CheckState.PASSED, because="planned")


def _why(each: TargetPreview) -> str:
    found = each.because or next((one.message for one in each.diagnostics), "")
    return found or "it says no more"


def _planned(targets: Sequence[TargetPreview]) -> Conclusion:
    """Nothing stands against it: green if something was planned."""
    done = [
        each
        for each in targets
        if each.outcome in (Outcome.APPLIED, Outcome.SUPERSEDED) or (each.plan and each.plan.planned)
    ]
    if not done:
        first = targets[0]
        why = first.plan.because if first.plan else first.because
        because = f"0 of {len(targets)} were planned: `{first.target}` is deferred" + (
            f": {why}" if why else ""
        )
        return Conclusion(state=CheckState.WAITING, because=because)
    left = len(targets) - len(done)
    deferred = f", {left} deferred" if left else ""
    return Conclusion(
        state=CheckState.PASSED, because=f"{len(done)} of {len(targets)} planned or applied{deferred}"
    )
