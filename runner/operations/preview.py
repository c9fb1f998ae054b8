"""`preview`: plans only. Takes no lease, writes nothing outside the clone; by hand it plans the work tree."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from runner.diagnostics import Diagnostic, Severity
from runner.errors import strongest
from runner.model.happening import RunFinished, TargetFinished
from runner.model.names import TargetName
from runner.model.plan import Plan, PlanKind
from runner.model.references import Json
from runner.model.selection_request import SelectionRequest
from runner.operations.bench import Bench
from runner.operations.code_gate import pass_code_gate
from runner.operations.endings import counted_outcomes
from runner.operations.judging import believe_inputs, uncommitted, warn_environments
from runner.operations.known_plans import tidy_kept
from runner.operations.opening import opened
from runner.operations.planning import PlanRequest
from runner.operations.rounds import Course, plan_round, tell_started
from runner.operations.session import Session
from runner.operations.survey import chosen, survey
from runner.operations.touching import narrowed


class PreviewRequest(Struct, frozen=True, kw_only=True):
    """`save` keeps the plans in the engine's own words, for `show`; `exit_code`: 10 where something would change;
    `fresh`: nothing is taken from the plans that this clone keeps. `targets` and `replace` are resource addresses."""

    selection: SelectionRequest
    jobs: int = 0
    save: bool = False
    no_refresh: bool = False
    exit_code: bool = False
    fresh: bool = False
    targets: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()


class PreviewResult(Struct, frozen=True, kw_only=True):
    """The plans, and how the targets that have none ended. `code`: what the static gate found, an object a target
    where the gates ask for it."""

    run: str
    plans: tuple[Plan, ...]
    outcomes: Mapping[TargetName, TargetFinished]
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0
    code: tuple[Mapping[str, Json], ...] = ()


def preview(request: PreviewRequest, bench: Bench) -> PreviewResult:
    """Plans the work tree's targets; where it is dirty it says so, for such plans cannot be approved."""
    selection, told = narrowed(request.selection, bench, worktree=True)
    whole = survey(bench, worktree=True, conducts=True)
    targets = chosen(selection, whole)
    environments = sorted({name.environment for name in targets})
    believe_inputs(whole, targets)
    code = pass_code_gate(bench, whole, targets)
    notes = [*told, *whole.notes, *warn_environments(whole, environments), *code.notes]
    if whole.revision.dirty:
        notes.append(_dirty(whole.revision.dirty_paths))
    with opened(bench, whole, "preview", jobs=request.jobs) as session:
        course = Course(
            targets=targets,
            needs=whole.needs(targets),
            request=PlanRequest(
                refresh=not request.no_refresh,
                addresses=request.targets,
                replace=request.replace,
                keep=request.save,
                later=True,
                known=True,
                fresh=request.fresh or request.save,  # the engine's own words are had from the engine
            ),
            approve=lambda _: False,
            verb="preview",
        )
        tell_started(session, course)
        outcomes = plan_round(session, course, targets)
        tidy_kept(session, (name for name, plan in session.planned.items() if plan.age is None))
        first = _commit_first(uncommitted(whole, targets.values()))
        return replace(_result(session, request, outcomes, first, tuple(notes)), code=code.rows)


def _dirty(paths: tuple[str, ...]) -> Diagnostic:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return Diagnostic(
        code="dirty-worktree",
        message=f"this plans the work tree, which is not committed: {', '.join(paths[:3])}{more}",
        hint="commit it before you apply it; a plan of uncommitted code cannot be approved",
        severity=Severity.WARNING,
    )


def _commit_first(paths: tuple[str, ...]) -> tuple[str, ...]:
    """`up` applies commits: what to type before it, where the targets read what is in none."""
    return (f"git add {shlex.join(paths)} && git commit",) if paths else ()


def _result(
    session: Session,
    request: PreviewRequest,
    outcomes: Mapping[TargetName, TargetFinished],
    first: tuple[str, ...],
    notes: tuple[Diagnostic, ...],
) -> PreviewResult:
    plans = tuple(session.planned[name] for name in sorted(session.planned))
    codes = [outcome.exit_code for outcome in outcomes.values()]
    if request.exit_code and any(plan.changed for plan in plans):
        codes.append(10)
    exit_code = strongest(codes)
    counts = dict(counted_outcomes(outcomes))
    for plan in plans:
        word = "unchanged" if plan.kind is PlanKind.PLANNED and not plan.changed else str(plan.kind)
        counts[word] = counts.get(word, 0) + 1
    changed = sorted({plan.target.environment for plan in plans if plan.changed})
    applying = tuple(f"runner up {environment}" for environment in changed)
    following = (*first, *applying) if applying else ()
    session.bench.tell(
        RunFinished(run=session.directory.id, outcomes=counts, exit_code=exit_code, next=following)
    )
    return PreviewResult(
        run=session.directory.id,
        plans=plans,
        outcomes=outcomes,
        notes=notes,
        next=following,
        exit_code=exit_code,
    )
