"""Before a merge: what a pull request changes in `apply: before-merge` environments, applied as its branch would be
after a merge now (law 2), by the same gates and approvals as a merge.

What is applied is a merge commit of ours of the head into the branch's tip: the record keeps it, as a parent of its
entry. What another open pull request has applied is that one's until it is merged or closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from runner.decisions.affected import Reason
from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly, Denied, NoAnswer, strongest
from runner.forge import Forge
from runner.model.check import CheckState
from runner.model.entry import Actor
from runner.model.environment import ApplyMode
from runner.model.happening import Happening, PlanReady, RunFinished, TargetFinished
from runner.model.names import TargetName
from runner.model.pending import PendingApply
from runner.model.plan import Plan, PlanKind
from runner.model.pull_request import Merge, PullRequest
from runner.model.selection_request import SelectionRequest
from runner.model.target import Target
from runner.operations.admitting import Hearing, admitted, pending_outcome
from runner.operations.affected import reached
from runner.operations.bench import Bench
from runner.operations.catching_up import closed_whole, refuse_keyless
from runner.operations.closures import is_behind
from runner.operations.code_gate import pass_code_gate
from runner.operations.endings import counted_outcomes
from runner.operations.grounds import Ground
from runner.operations.held_by_request import held_by_request
from runner.operations.judging import judge_targets
from runner.operations.opening import begin_taking, opened
from runner.operations.planning import PlanRequest
from runner.operations.publishing import recount
from runner.operations.pull_preview import merged
from runner.operations.request_reach import applies_to, gates_for, request_paths
from runner.operations.rounds import Course, Outcomes, run_rounds, tell_started
from runner.operations.settling import refuse_left, settle
from runner.operations.stale_previews import mark_stale
from runner.operations.standpoint import Standpoint, standpoint
from runner.operations.survey import Law, Survey, chosen, survey_at
from runner.operations.unapplied import Arrived, Came
from runner.report.apply_comment import APPLY_MARKER, apply_comment


class ApplyAsked(Struct, frozen=True, kw_only=True):
    """`pull` at the head that the forge has; `by` asks for it. `merge`: and merge it once all is applied."""

    pull: PullRequest
    by: Actor
    selectors: tuple[str, ...] = ()
    merge: bool = False


class AppliedBefore(Struct, frozen=True, kw_only=True):
    """How each target ended, and in words what came of it all. `commit` is what was applied."""

    because: str
    commit: str = ""
    outcomes: Mapping[TargetName, TargetFinished] = field(default_factory=dict)
    pending: tuple[PendingApply, ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    exit_code: int = 0


class _Wanted(Struct, frozen=True, kw_only=True):
    """What a pull request changes before its merge: `whole` at the merge; `targets` that are not live so already,
    `live` those that are."""

    whole: Survey
    ground: Ground
    targets: Mapping[TargetName, Target]
    live: tuple[TargetName, ...]
    missing: bool


def apply_before_merge(bench: Bench, stand: Standpoint, forge: Forge, asked: ApplyAsked) -> AppliedBefore:
    """Applies what may be, tells it on the pull request, and merges where that is asked for and nothing is left.
    RunnerError before anything changed; afterwards all is data."""
    try:
        wanted = _wanted(bench, stand, forge, asked)
    except AskedWrongly as refused:
        return AppliedBefore(because=f"nothing is applied: {refused.diagnostics[0].message}")
    if not wanted.targets and not wanted.live:
        return AppliedBefore(because="nothing is applied: the pull request changes no `before-merge` target")
    outcomes, pending, notes = _applied(bench, forge, asked, wanted) if wanted.targets else ({}, {}, ())
    commit = wanted.whole.revision.commit
    done = [name for name, each in outcomes.items() if each.outcome == "succeeded"]
    notes += _told(forge, asked, apply_comment(outcomes, pending, commit)) if outcomes else ()
    stand = standpoint(bench)
    if done:
        others = [one for one in forge.open_pull_requests(asked.pull.into) if one.number != asked.pull.number]
        mark_stale(bench, stand, forge, others, done, f"an apply of pull request {asked.pull.number}")
    code = strongest([each.exit_code for each in outcomes.values()])
    left = sum(each.exit_code != 0 for each in outcomes.values())
    because = f"{len(outcomes) - left} applied, {len(wanted.live)} live already, {left} not applied"
    told = recount(bench, forge, asked.pull)
    if asked.merge:
        because = f"{because}; {_merged(forge, asked, told.state, told.because, left, wanted)}"
    return AppliedBefore(
        because=because,
        commit=commit,
        outcomes=outcomes,
        pending=tuple(pending.values()),
        notes=notes,
        exit_code=code,
    )


def _wanted(bench: Bench, stand: Standpoint, forge: Forge, asked: ApplyAsked) -> _Wanted:
    pull, repository = asked.pull, bench.tools.repository
    request_paths(bench, stand, pull, forge.project.brand)  # brings both commits
    tip = repository.remote_branch(stand.remote, pull.into) or ""
    commit = merged(bench, tip, pull)
    if commit == tip:
        raise AskedWrongly.of("nothing-to-merge", f"`{pull.into}` contains `{pull.head_commit[:12]}` already")
    if commit == pull.head_commit:
        # Its first parent is what it is merged into: what it brings is one step.
        commit = repository.commit_tree(repository.tree_of(commit), (tip, commit), f"runner: {pull.number}")
    law = Law(commit=stand.law, gates=stand.gates, remote=stand.remote)
    whole = survey_at(bench, commit, law, conducts=True)
    rows = reached(bench.tools, f"{tip}..{commit}").rows
    mine = {
        name
        for name, row in rows.items()
        if row.reason is not Reason.ORPHAN
        and name in whole.wishes.targets
        and gates_for(stand, name.environment).apply is ApplyMode.BEFORE_MERGE
        and applies_to(gates_for(stand, name.environment), pull.into, stand.branch)
    }
    selection = SelectionRequest(selectors=asked.selectors, all_environments=not asked.selectors)
    named = {name: target for name, target in chosen(selection, whole).items() if name in mine}
    whole.record.ledger.refresh(sorted({name.environment for name in mine}))
    targets = {name: target for name, target in named.items() if is_behind(whole, target)}
    unnamed = [name for name in mine if name not in named and is_behind(whole, whole.wishes.targets[name])]
    came = Came(pull=pull, steps=(commit,), onto=tip)
    ground = Ground(
        law=law,
        forge=forge,
        gates={name.environment: gates_for(stand, name.environment) for name in targets},
        arrived={name: Arrived(pulls=(came,), before=tip) for name in targets},
    )
    live = tuple(name for name in named if name not in targets)
    return _Wanted(whole=whole, ground=ground, targets=targets, live=live, missing=bool(unnamed))


def _applied(
    bench: Bench, forge: Forge, asked: ApplyAsked, wanted: _Wanted
) -> tuple[Outcomes, dict[TargetName, PendingApply], tuple[Diagnostic, ...]]:
    whole, ground = wanted.whole, wanted.ground
    refuse_keyless(bench, whole, ground)
    left = settle(bench, whole)
    whole.record.ledger.refresh(sorted({name.environment for name in wanted.targets}))
    refuse_left(left, list(wanted.targets))
    closed = closed_whole(bench, whole, ground, wanted.targets, ())
    pending = {name: each for name, each in closed.items() if isinstance(each, PendingApply)}
    ended: Outcomes = {
        name: pending_outcome(each) if isinstance(each, PendingApply) else each
        for name, each in closed.items()
    }
    ended |= _held(bench, whole, asked.pull, forge, wanted.targets)
    for outcome in ended.values():
        bench.tell(outcome)
    open_ones = {name: each for name, each in wanted.targets.items() if name not in ended}
    going, notes = judge_targets(whole, open_ones, SelectionRequest())
    notes = (*whole.notes, *notes, *pass_code_gate(bench, whole, going).notes)
    if going:
        hearing = _hearing(whole, ground)
        outcomes = _run(bench, asked, wanted, going, hearing)
        ended |= outcomes
        pending |= hearing.kept
    return ended, pending, notes


def _held(
    bench: Bench, whole: Survey, pull: PullRequest, forge: Forge, names: Iterable[TargetName]
) -> Outcomes:
    found = held_by_request(bench, whole, forge, whole.revision.commit, names)
    return {
        name: TargetFinished(target=name, outcome="pending", because=each.because, exit_code=8)
        for name, each in found.items()
        if each.number != pull.number and each.open
    }


def _hearing(whole: Survey, ground: Ground) -> Hearing:
    return Hearing(
        forge=ground.forge,
        gates=ground.gates,
        unknown=whole.wishes.unknown - whole.gates.environments.keys(),
        arrived=ground.arrived,
        first={},
    )


def _moved(forge: Forge, pull: PullRequest, name: TargetName) -> TargetFinished | None:
    """The head may have moved, or the request been closed, since the run began."""
    now = forge.pull_request(pull.number)
    if (now.head_commit, now.state, now.into) == (pull.head_commit, pull.state, pull.into):
        return None
    because = f"pull request {now.number} is not as it was when this was asked for: ask again"
    return TargetFinished(target=name, outcome="pending", because=because, exit_code=8)


def _run(
    bench: Bench, asked: ApplyAsked, wanted: _Wanted, going: Mapping[TargetName, Target], hearing: Hearing
) -> Outcomes:
    first: dict[TargetName, PlanKind] = {}
    hearing, whole = replace(hearing, first=first, kept=hearing.kept), wanted.whole

    def tell(happening: Happening) -> None:
        if isinstance(happening, PlanReady):
            first.setdefault(happening.plan.target, happening.plan.kind)
        bench.tell(happening)

    def heard(plan: Plan) -> TargetFinished | None:
        return _moved(hearing.forge, asked.pull, plan.target) or admitted(session, hearing, plan)

    def held(name: TargetName) -> TargetFinished | None:
        return _held(bench, whole, asked.pull, hearing.forge, [name]).get(name)

    with opened(replace(bench, tell=tell), whole, "up", actor=asked.by) as session:
        course = Course(
            targets=going,
            needs=whole.needs(going),
            request=PlanRequest(),
            approve=lambda _: True,  # each plan is heard by itself
            verb="up",
            judged=held,
            admitted=heard,
        )
        tell_started(session, course)
        begin_taking(session, list(going))
        outcomes = run_rounds(session, course)
        codes = [each.exit_code for each in outcomes.values()]
        run = session.directory.id
    bench.tell(RunFinished(run=run, outcomes=counted_outcomes(outcomes), exit_code=strongest(codes)))
    return outcomes


def _merged(
    forge: Forge, asked: ApplyAsked, state: CheckState, because: str, left: int, wanted: _Wanted
) -> str:
    if left or wanted.missing:
        return "it is not merged: not all of it is applied"
    if state is not CheckState.PASSED:
        return f"it is not merged: {because}"
    try:
        forge.merge(Merge(number=asked.pull.number, head=asked.pull.head_commit))
    except Denied as refused:
        return f"it is not merged: {refused.diagnostics[0].message}"
    return "merged"


def _told(forge: Forge, asked: ApplyAsked, body: str) -> tuple[Diagnostic, ...]:
    try:
        before = forge.own_comment(asked.pull.number, APPLY_MARKER)
        if before is None:
            forge.write_comment(asked.pull.number, body)
        elif before.body.strip() != body.strip():
            forge.edit_comment(asked.pull.number, before, body)
    except (NoAnswer, Denied) as error:  # what was applied is applied, whoever can be told
        return tuple(replace(each, severity=Severity.WARNING) for each in error.diagnostics)
    return ()
