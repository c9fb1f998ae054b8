"""`up`: previews, shows, asks, applies in waves, records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing, nullcontext
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from runner.decisions.orphans import Fate, Unwished
from runner.decisions.readings import readers_of
from runner.decisions.selection import is_environment, one_environment
from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly, HistoryMoved, RunnerError, strongest
from runner.model.happening import RunFinished, TargetFinished
from runner.model.names import TargetName
from runner.model.plan import Plan
from runner.model.selection_request import SelectionRequest
from runner.model.target import Target
from runner.operations.bench import Bench
from runner.operations.closures import is_behind
from runner.operations.code_gate import pass_code_gate
from runner.operations.confirming import refuse_unasked
from runner.operations.endings import counted_outcomes, next_steps
from runner.operations.forge_asking import ForgeAsking, forge_asking
from runner.operations.judging import Overrides, held_now, judge_environments, judge_targets
from runner.operations.notifying import notify_of_run
from runner.operations.opening import begin_taking, opened
from runner.operations.planning import PlanRequest
from runner.operations.removal import remove_unwished, unwished_in
from runner.operations.rounds import Course, Outcomes, asking, run_rounds, tell_started
from runner.operations.session import Session
from runner.operations.settling import refuse_left, settle
from runner.operations.status import StatusRow, rows_of
from runner.operations.superseding import superseded
from runner.operations.survey import Survey, chosen, committed_worktree, survey
from runner.operations.touching import narrowed

_ENDS = (Fate.DESTROY, Fate.FORGET)


class UpRequest(Struct, frozen=True, kw_only=True):
    """`targets` and `replace` are resource addresses (a partial apply). The overrides open gates, and stand in the
    entry: `allow_dirty`, `off_branch`, `change_engine`, `break_glass` (a reason), `emergency` (a reason: it opens only
    windows and freezes). `behind`: only targets that are not live as wished, or come to be while others are applied."""

    selection: SelectionRequest
    yes: bool = False
    jobs: int = 0
    allow_dirty: bool = False
    off_branch: bool = False
    change_engine: bool = False
    no_refresh: bool = False
    behind: bool = False
    targets: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    break_glass: str = ""
    emergency: str = ""


class UpResult(Struct, frozen=True, kw_only=True):
    """How each target ended; what is live now."""

    run: str
    outcomes: Mapping[TargetName, TargetFinished]
    plans: tuple[Plan, ...] = ()
    orphans: tuple[TargetName, ...] = ()
    live: tuple[StatusRow, ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def up(request: UpRequest, bench: Bench) -> UpResult:
    """Applies the checked-out commit to the chosen targets. Raises before anything changed; afterwards all is data."""
    selection, told = narrowed(request.selection, bench, worktree=request.allow_dirty)
    request = replace(request, selection=selection)
    whole = survey(bench, worktree=False, conducts=True)
    if request.allow_dirty and whole.revision.dirty:
        whole = committed_worktree(bench, whole)
    left = settle(bench, whole)
    targets, environments = _meant(request.selection, whole)
    refuse_left(left, targets)
    one_environment([*targets, *_places(environments)], request.selection, "up")
    refuse_unasked(bench, "`--yes` applies without asking; `runner preview` only shows", yes=request.yes)
    if request.behind:
        # And those that may come to be, once what they read of is applied.
        behind = [name for name, target in targets.items() if is_behind(whole, target)]
        meant = {*behind, *readers_of(behind, whole.edges)}
        targets = {name: target for name, target in targets.items() if name in meant}
    overrides = _overrides(request)
    forge = forge_asking(bench, whole, targets, glass=bool(request.break_glass))
    with closing(forge) if forge else nullcontext():
        notes = judge_environments(bench, whole, environments, targets, overrides, forge)
        going, more = judge_targets(whole, targets, request.selection)
        code = pass_code_gate(bench, whole, going)
        listening = forge.listening(bench) if forge else bench
        with opened(listening, whole, "up", jobs=request.jobs, overrides=overrides.recorded()) as session:
            outcomes = _run(session, request, going, environments, forge)
            notes = (*told, *whole.notes, *notes, *more, *code.notes)
            return finished(session, outcomes, environments, notes)


def _meant(selection: SelectionRequest, whole: Survey) -> tuple[dict[TargetName, Target], list[str]]:
    """The targets, and the environments that are meant: one whose last stack is gone has no target any more, but what
    `removed:` ends there."""
    known = {*whole.believed.environments, *whole.record.ledger.environments()}
    named = sorted(each for each in known for word in selection.selectors if is_environment(word, [each]))
    going = {each.target.environment for each in unwished_in(whole, named) if each.fate in _ENDS}
    try:
        targets = chosen(selection, whole)
    except AskedWrongly:
        if not going or len(named) != len(selection.selectors) or going != set(named):
            raise
        return {}, named
    return targets, sorted({*(name.environment for name in targets), *going})


def _places(environments: Sequence[str]) -> list[TargetName]:
    return [TargetName(environment=environment, stack="") for environment in environments]


def _run(
    session: Session,
    request: UpRequest,
    targets: Mapping[TargetName, Target],
    environments: list[str],
    forge: ForgeAsking | None,
) -> Outcomes:
    whole, bench = session.survey, session.bench
    ask = asking(session, "apply", yes=request.yes, expected="yes")
    removals = _removals(request, whole, environments)
    past = superseded(bench, whole, [*targets, *(each.target for each in removals)])
    targets = {name: target for name, target in targets.items() if name not in past}
    first = _behind(whole, targets) if request.behind else targets
    course = Course(
        targets=first,
        needs=whole.needs(first),
        request=PlanRequest(
            refresh=not request.no_refresh,
            addresses=request.targets,
            replace=request.replace,
            change_engine=request.change_engine,
        ),
        approve=forge.asking(session, ask) if forge else ask,
        verb="up",
        judged=partial(_judged, whole, bench, request),
        admitted=partial(forge.admitted, session) if forge else lambda _: None,
    )
    tell_started(session, course)
    going = [each for each in removals if each.target not in past]
    for outcome in past.values():
        bench.tell(outcome)
    begin_taking(session, [*targets, *(each.target for each in going)])
    outcomes = past | run_rounds(session, course) | _followed(session, course, targets)
    session.under_lease()  # what `removed:` ends may be all that there is: then nothing has waited yet
    over = superseded(bench, whole, [each.target for each in going])
    for outcome in over.values():
        bench.tell(outcome)
    going = [each for each in going if each.target not in over]
    return outcomes | over | remove_unwished(session, going, course)


def _behind(whole: Survey, targets: Mapping[TargetName, Target]) -> dict[TargetName, Target]:
    return {name: target for name, target in targets.items() if is_behind(whole, target)}


def _followed(session: Session, course: Course, targets: Mapping[TargetName, Target]) -> Outcomes:
    """How those of `targets` end that are behind only now, as others were applied; those that are not have no part."""
    whole, ended = session.survey, Outcomes()
    while True:
        left = {
            name: each for name, each in targets.items() if name not in course.targets and name not in ended
        }
        if not left or session.bench.stop.level:
            return ended
        session.under_lease()
        whole.record.ledger.refresh(sorted({name.environment for name in left}))
        behind = _behind(whole, left)
        if not behind:
            return ended
        ended |= run_rounds(session, replace(course, targets=behind, needs=whole.needs(behind)))


def _judged(whole: Survey, bench: Bench, request: UpRequest, name: TargetName) -> TargetFinished | None:
    """What was destroyed by hand, or applied anew, while our lease was on its way stays so."""
    held = held_now(whole, whole.wishes.targets[name], request.selection)
    if held:
        return TargetFinished(target=name, outcome="skipped", because=held.message, diagnostics=(held,))
    return superseded(bench, whole, [name]).get(name)


def _removals(request: UpRequest, whole: Survey, environments: Sequence[str]) -> tuple[Unwished, ...]:
    """What `removed:` ends in this run: all of it where whole environments were asked for, else nothing."""
    if any(not is_environment(word, whole.believed.environments) for word in request.selection.selectors):
        return ()
    if request.targets or request.replace or request.selection.changed is not None:
        return ()
    if request.selection.tags or request.selection.stacks:
        return ()
    return tuple(each for each in unwished_in(whole, environments) if each.fate in _ENDS)


def finished(
    session: Session, outcomes: Outcomes, environments: list[str], notes: tuple[Diagnostic, ...]
) -> UpResult:
    """The result of a run that changed things: told, counted, with what is live now."""
    whole, bench = session.survey, session.bench
    codes = [outcome.exit_code for outcome in outcomes.values()]
    try:
        whole.record.ledger.refresh(environments)
        names, own = set(whole.wishes.targets), session.directory.id
        rows = rows_of(bench, whole, names, environments, everything=True, own=own)
    except RunnerError as error:
        # What became of the targets stands, and is told, whether the remote can be asked again or not.
        rows, notes = (), (*notes, *(replace(each, severity=Severity.WARNING) for each in error.diagnostics))
        codes += [error.exit_code] if isinstance(error, HistoryMoved) else []
    exit_code = strongest([*codes, 130] if bench.stop.level else codes)
    notes = (*notes, *notify_of_run(session, outcomes, environments))
    following = next_steps(
        session.directory.id,
        outcomes,
        {row.target: row.state for row in rows},
        environments,
        {name for name in outcomes if session.directory.has_log(name)},
    )
    bench.tell(
        RunFinished(
            run=session.directory.id,
            outcomes=counted_outcomes(outcomes),
            exit_code=exit_code,
            next=following,
        )
    )
    return UpResult(
        run=session.directory.id,
        outcomes=outcomes,
        plans=tuple(session.planned.values()),
        orphans=tuple(row.target for row in rows if row.state == "orphan"),
        live=rows,
        notes=notes,
        next=following,
        exit_code=exit_code,
    )


def _overrides(request: UpRequest) -> Overrides:
    return Overrides(
        allow_dirty=request.allow_dirty,
        off_branch=request.off_branch,
        break_glass=request.break_glass,
        emergency=request.emergency,
        change_engine=request.change_engine,
    )
