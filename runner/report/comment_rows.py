"""The summary's rows: what is planned for a target, how risky it is, and what becomes of it when it is merged."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

from msgspec import Struct

from runner.model.change import ChangeKind
from runner.model.environment import ApplyMode
from runner.model.names import TargetName
from runner.model.plan import Counts, Plan, PlanKind, counted
from runner.model.previewed import Outcome, RequestPreview, TargetPreview
from runner.model.verdict import Answer
from runner.report.markdown_parts import words
from runner.report.plan_text import counts_text
from runner.report.value_text import ago


class Risk(StrEnum):
    """In order: what is read first. HIGH loses or runs something, or cannot be known; NONE changes nothing."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"


class Row(Struct, frozen=True, kw_only=True):
    """One target in the summary. `changes` and `merge` are markdown, and safe in a table's cell; `state` is what
    `changes` says without counts and becauses."""

    target: TargetName
    risk: Risk
    state: str
    changes: str
    merge: str
    counts: Counts = Counts()
    digest: str = ""


def rows_of(preview: RequestPreview) -> list[Row]:
    """One row a target: the riskiest first, then by name."""
    found = [
        Row(
            target=each.target,
            risk=risk_of(each),
            state=_state(each),
            changes=changes_text(each),
            merge=prospect(preview, each),
            counts=counted(each.plan.planned) if each.plan and each.plan.planned else Counts(),
            digest=each.plan.digest if each.plan else "",
        )
        for each in preview.targets
    ]
    return sorted(found, key=lambda row: (list(Risk).index(row.risk), row.target))


def risk_of(each: TargetPreview) -> Risk:
    """How much may go wrong. Code, what is lost and what is not known are high; what was not planned is not known."""
    plan = each.plan
    if each.code or plan is None or plan.planned is None or plan.planned.errored:
        return Risk.HIGH
    counts = counted(plan.planned)
    if counts.replace or counts.delete or counts.unknown or plan.destroy:
        return Risk.HIGH
    if not plan.changed:
        return Risk.NONE
    unsure = plan.kind is not PlanKind.PLANNED or not plan.planned.complete
    return Risk.MEDIUM if counts.update or counts.forget or unsure else Risk.LOW


def changes_text(each: TargetPreview) -> str:
    """What is planned, or how it ended."""
    because = f": {words(each.because, cell=True)}" if each.because else ""
    match each.outcome:
        case Outcome.PLANNED:
            return _planned(each.plan, because)
        case Outcome.FAILED:
            return f"**failed**{because}"
        case Outcome.HELD_BACK:
            return f"**not planned**{because}"
        case Outcome.SKIPPED:
            return f"skipped{because}"
        case Outcome.APPLIED:
            return f"**applied**: {_planned(each.plan, because)}"
        case Outcome.APPLY_FAILED:
            return f"**apply failed**{because}"
        case Outcome.PENDING:
            return f"**pending apply**{because}"
        case Outcome.SUPERSEDED:
            return f"superseded{because}"
        case _:
            assert_never(each.outcome)


def _state(each: TargetPreview) -> str:
    if each.outcome not in (Outcome.PLANNED, Outcome.APPLIED):
        return each.outcome.value.replace("-", " ")
    if each.plan is None or each.plan.planned is None:
        return "deferred" if each.plan and each.plan.kind is PlanKind.DEFERRED else "not planned"
    return each.plan.kind.value if each.outcome is Outcome.PLANNED else "applied"


def _planned(plan: Plan | None, because: str) -> str:
    if plan is None or plan.planned is None:
        why = f": {words(plan.because, cell=True)}" if plan and plan.because else because
        return f"**{'deferred' if plan and plan.kind is PlanKind.DEFERRED else 'not planned'}**{why}"
    marks = [
        "**provisional**" if plan.kind is PlanKind.PROVISIONAL else "",
        "**errored**" if plan.planned.errored else "" if plan.planned.complete else "**incomplete**",
        "partial" if plan.partial else "",
        "all to be destroyed" if plan.destroy else "",
        "drift" if any(change.kind is not ChangeKind.NO_OP for change in plan.planned.drift) else "",
        f"planned {ago(plan.age)}" if plan.age is not None else "",
    ]
    counts = loud(counted(plan.planned)) if plan.changed else "no changes"
    return "; ".join([counts, *filter(None, marks)])


def loud(counts: Counts) -> str:
    """Counts, with what is lost in bold."""
    lost = ("to replace", "to destroy", "not known")
    return ", ".join(
        f"**{each}**" if each.endswith(lost) else each for each in counts_text(counts).split(", ")
    )


def prospect(preview: RequestPreview, each: TargetPreview) -> str:
    """What becomes of a target when the pull request is merged, in few words; the whys stand below the table."""
    plan = each.plan
    if each.outcome in (Outcome.APPLIED, Outcome.SUPERSEDED):
        return "done"
    if each.outcome is Outcome.PENDING:
        return "is merged; waits"
    if each.outcome is not Outcome.PLANNED or plan is None:
        return "nothing is applied"
    if not plan.changed and plan.kind is PlanKind.PLANNED:
        return "nothing to do"
    if any(verdict.answer is Answer.DENY for verdict in each.verdicts):
        return "nothing is applied: denied"
    mode = preview.applies.get(each.target.environment, ApplyMode.ON_MERGE)
    if mode is ApplyMode.MANUAL:
        return "nothing; `runner up` applies it"
    if plan.kind is PlanKind.DEFERRED:
        return "pending apply: planned when its upstream is live"
    if plan.kind is PlanKind.PROVISIONAL:
        return "pending apply: planned again after its upstream"
    if each.standing and not each.standing.open:
        return "pending apply until it is approved"
    if any(verdict.answer is Answer.WAIT for verdict in each.verdicts):
        return "pending apply until the gate opens"
    return "applied before it, by `runner apply`" if mode is ApplyMode.BEFORE_MERGE else "applied"
