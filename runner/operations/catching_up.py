"""Catching up: what is behind on a branch is applied as its gates allow, and the rest becomes pending applies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from runner.decisions.gates import unenforced_verdict
from runner.decisions.intent import CatchUp, Resume
from runner.decisions.orphans import Unwished
from runner.decisions.telling_people import events_of, news
from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly, Denied, NoAnswer, strongest
from runner.forge import Forge
from runner.model.entry import Actor
from runner.model.environment import ApplyMode, Gates
from runner.model.happening import Happening, PlanReady, RunFinished, TargetFinished
from runner.model.names import TargetName
from runner.model.pending import PendingApply
from runner.model.plan import Plan, PlanKind
from runner.model.selection_request import SelectionRequest
from runner.model.target import Target
from runner.model.verdict import Answer, Verdict
from runner.operations.admitting import Hearing, admitted, pending_outcome
from runner.operations.bench import Bench
from runner.operations.closures import is_behind
from runner.operations.code_gate import pass_code_gate
from runner.operations.ending_targets import chosen_with
from runner.operations.endings import counted_outcomes
from runner.operations.grounds import Ground, grounds_of
from runner.operations.held_by_request import held_by_request
from runner.operations.judging import closed_now, judge_targets
from runner.operations.notifying import notify
from runner.operations.opening import begin_taking, opened
from runner.operations.planning import PlanRequest
from runner.operations.promoting import promotions
from runner.operations.removal import ending_in, remove_unwished
from runner.operations.rolling_out import Rollouts, rollouts_of
from runner.operations.rounds import Course, Outcomes, run_rounds, tell_started
from runner.operations.session import Session
from runner.operations.settling import refuse_left, settle
from runner.operations.standpoint import standpoint
from runner.operations.superseding import superseded
from runner.operations.survey import Law, Survey, gates_of, survey_at
from runner.operations.unapplied import Arrived, Branch
from runner.report.apply_comment import APPLY_MARKER, apply_comment

_MOST_LOOKS = 20
"""Times that a branch is looked at again because it moved while it was caught up with."""


class CaughtUp(Struct, frozen=True, kw_only=True):
    """How each target that was behind ended (`pending`: it waits, with what for as its because); `pending` has those
    whole; `commits`: what each branch was brought to."""

    outcomes: Mapping[TargetName, TargetFinished] = field(default_factory=dict)
    pending: tuple[PendingApply, ...] = ()
    commits: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


class _Done(Struct, frozen=True, kw_only=True):
    """What came of it so far; the last word of each target counts."""

    outcomes: dict[TargetName, TargetFinished] = field(default_factory=dict)
    pending: dict[TargetName, PendingApply] = field(default_factory=dict)
    commits: dict[str, str] = field(default_factory=dict)
    arrived: dict[TargetName, Arrived] = field(default_factory=dict)
    tried: set[tuple[str, TargetName]] = field(default_factory=set)
    notes: list[Diagnostic] = field(default_factory=list)


def catch_up(bench: Bench, forge: Forge, wanted: CatchUp | Resume) -> CaughtUp:
    """Brings the branch's environments (Resume: those of every branch) to its tip as fetched. Level-triggered: called
    again, or late, it comes to the same. RunnerError before anything changed; afterwards all is data."""
    done, applied = _Done(), set[str]()
    for _ in range(_MOST_LOOKS):
        stand = standpoint(bench)
        law = Law(commit=stand.law, gates=stand.gates, remote=stand.remote)
        moved = False
        for name, environments in _branches(law.gates.environments, law.gates.default_branch, wanted).items():
            try:
                tip = bench.tools.repository.fetch_branch(law.remote, name)
            except AskedWrongly:
                continue
            asked = _Asked(environments=environments, wanted=wanted)
            if done.commits.get(name) != tip or name in applied:
                done.commits[name] = tip
                branch = Branch(name=name, tip=tip, forge=forge)
                # What reads of a target that was applied may be behind only now: so it is looked at once more.
                applied.discard(name)
                moved = True
                if _catch_up_branch(bench, law, branch, asked, done):
                    applied.add(name)
        if not moved or bench.stop.level:
            break
    codes = [each.exit_code for each in done.outcomes.values()]
    waiting = tuple(done.pending[name] for name in sorted(done.pending))
    return CaughtUp(
        outcomes=dict(sorted(done.outcomes.items())),
        pending=waiting,
        commits=done.commits,
        notes=tuple(dict.fromkeys(done.notes)),
        next=tuple(f"runner approve {each.target} {each.digest}" for each in waiting if each.digest),
        exit_code=strongest([*codes, 130] if bench.stop.level else codes),
    )


class _Asked(Struct, frozen=True, kw_only=True):
    environments: tuple[str, ...]
    wanted: CatchUp | Resume

    @property
    def selection(self) -> SelectionRequest:
        """What a person named, else all."""
        selectors = self.wanted.selectors if isinstance(self.wanted, Resume) else ()
        return SelectionRequest(selectors=selectors, all_environments=not selectors)


def _branches(
    gates: Mapping[str, Gates], default: str, wanted: CatchUp | Resume
) -> dict[str, tuple[str, ...]]:
    """Branch -> the environments that it is applied to. `*` is for hands: in CI it means the default branch."""
    found: dict[str, list[str]] = {}
    for name in sorted(gates):
        branch = default if gates[name].branch == "*" else gates[name].branch
        meant = isinstance(wanted, Resume) or (branch == wanted.branch and name in wanted.environments)
        if meant and gates[name].apply is not ApplyMode.MANUAL:
            found.setdefault(branch, []).append(name)
    return {branch: tuple(names) for branch, names in found.items()}


def _catch_up_branch(bench: Bench, law: Law, branch: Branch, asked: _Asked, done: _Done) -> bool:
    """Whether anything was applied. What ended at this tip is not begun again."""
    whole = survey_at(bench, branch.tip, law)
    whole.record.ledger.refresh(list(asked.environments))
    targets, ends = chosen_with(asked.selection, whole, ending_in(whole, asked.environments))
    behind = [
        name
        for name in (*(each for each, target in targets.items() if is_behind(whole, target)), *ends)
        if name.environment in asked.environments and (branch.tip, name) not in done.tried
    ]
    done.tried.update((branch.tip, name) for name in behind)
    past = superseded(bench, whole, behind)
    behind = [name for name in behind if name not in past]
    for ground in grounds_of(bench, whole, law, branch, behind, done.arrived):
        _catch_up_ground(bench, branch, ground, done)
    fresh = _keep(whole, asked.environments, done)
    ended = {name: done.outcomes[name] for name in behind if name in done.outcomes}
    events = {each: events_of(each, ended, {}, fresh) for each in asked.environments}
    done.notes.extend(notify(bench, law.gates.environments, events, ""))
    _tell(branch, done, set(behind))
    return any(done.outcomes[name].outcome == "succeeded" for name in behind if name in done.outcomes)


def _catch_up_ground(bench: Bench, branch: Branch, ground: Ground, done: _Done) -> None:
    """All that goes by the same gates, in one run."""
    done.arrived.update(ground.arrived)
    whole = survey_at(bench, branch.tip, ground.law, conducts=True)
    refuse_keyless(bench, whole, ground)
    left = settle(bench, whole)
    whole.record.ledger.refresh(sorted({name.environment for name in ground.arrived}))
    targets = {name: whole.wishes.targets[name] for name in ground.arrived if name in whole.wishes.targets}
    targets = {name: target for name, target in targets.items() if is_behind(whole, target)}
    ends = ending_in(whole, sorted({name.environment for name in ground.arrived}))
    ends = {name: each for name, each in ends.items() if name in ground.arrived}
    refuse_left(left, [*targets, *ends])
    closed = closed_whole(bench, whole, ground, targets, ends)
    closed |= _held(bench, whole, ground, [name for name in (*targets, *ends) if name not in closed])
    done.pending.update({name: each for name, each in closed.items() if isinstance(each, PendingApply)})
    shut = {
        name: pending_outcome(each) if isinstance(each, PendingApply) else each
        for name, each in closed.items()
    }
    for outcome in shut.values():
        bench.tell(outcome)
    done.outcomes.update(shut)
    going, notes = judge_targets(
        whole,
        {name: target for name, target in targets.items() if name not in closed},
        SelectionRequest(),
    )
    code = pass_code_gate(bench, whole, going)
    done.notes.extend([*whole.notes, *notes, *code.notes])
    leaving = tuple(each for name, each in ends.items() if name not in closed)
    if going or leaving:
        rollouts = rollouts_of(bench, branch.forge, branch.name, whole.revision.commit)
        _run(bench, whole, ground, _Work(targets=going, ends=leaving, rollouts=rollouts), done)


def refuse_keyless(bench: Bench, whole: Survey, ground: Ground) -> None:
    """AskedWrongly `key-missing`: a key that is made in a job of CI is lost with it, and all that it sealed."""
    for environment in sorted({name.environment for name in ground.arrived}):
        gates = gates_of(whole, environment)
        kept_elsewhere = gates.key is not None and gates.key.kind == "kms"
        if not kept_elsewhere and not whole.record.ledger.identity(environment):
            bench.tools.key_places(gates, whole.record).needed("")


def closed_whole(
    bench: Bench,
    whole: Survey,
    ground: Ground,
    targets: Mapping[TargetName, Target],
    ends: Iterable[TargetName],
) -> dict[TargetName, PendingApply | TargetFinished]:
    """Those that are closed whatever their plan is: nothing is planned for them."""
    found: dict[TargetName, PendingApply | TargetFinished] = {}
    unproved: dict[TargetName, Verdict] = {}
    for environment in sorted({name.environment for name in targets}):
        unproved |= promotions(whole, gates_of(whole, environment), targets.values(), bench.clock.now())
    for name in (*targets, *ends):
        verdict = unenforced_verdict(gates_of(whole, name.environment), "up")
        told = closed_now(bench, whole, name, {})
        waits = [told.message] if told else []
        waits += [unproved[name].because] if name in unproved else []
        if verdict.answer is Answer.DENY:
            error = Diagnostic(code=verdict.code, message=verdict.because, hint=verdict.hint)
            found[name] = TargetFinished(
                target=name, outcome="failed", because=error.message, diagnostics=(error,), exit_code=3
            )
        elif waits:
            found[name] = _waiting(bench, whole, ground, name, *waits)
    return found


def _held(
    bench: Bench, whole: Survey, ground: Ground, names: Iterable[TargetName]
) -> dict[TargetName, PendingApply]:
    """What a pull request applied before its merge is not undone by the branch while it is open; nor when it was closed
    and nobody has looked at a plan that undoes it."""
    found = held_by_request(bench, whole, ground.forge, whole.revision.commit, names)
    return {
        name: _waiting(bench, whole, ground, name, each.because)
        for name, each in found.items()
        if each.open or not ground.arrived[name].pulls
    }


def _waiting(bench: Bench, whole: Survey, ground: Ground, name: TargetName, *waits: str) -> PendingApply:
    """What waits for something else than somebody's word on its plan."""
    return PendingApply(
        target=name,
        commit=whole.revision.commit,
        law=whole.law,
        waits=waits,
        at=bench.clock.now(),
        pulls=tuple(each.pull.number for each in ground.arrived[name].pulls),
    )


class _Work(Struct, frozen=True, kw_only=True):
    """What one run does: `targets` are applied, then `ends` are destroyed or forgotten; `rollouts` tell the forge."""

    targets: Mapping[TargetName, Target]
    ends: tuple[Unwished, ...]
    rollouts: Rollouts


def _run(bench: Bench, whole: Survey, ground: Ground, work: _Work, done: _Done) -> None:
    first: dict[TargetName, PlanKind] = {}

    def tell(happening: Happening) -> None:
        if isinstance(happening, PlanReady):
            first.setdefault(happening.plan.target, happening.plan.kind)
        bench.tell(happening)

    hearing = Hearing(
        forge=ground.forge,
        gates=ground.gates,
        unknown=whole.wishes.unknown - whole.gates.environments.keys(),
        arrived=ground.arrived,
        first=first,
    )
    listening = replace(bench, tell=tell)
    with opened(listening, whole, "up", actor=_actor(ground)) as session:
        outcomes = _rounds(session, work, hearing)
        run = session.directory.id
    work.rollouts.end(outcomes.values())
    done.notes.extend(work.rollouts.notes)
    for name, outcome in outcomes.items():
        if outcome.outcome == "pending":
            hearing.kept.setdefault(name, _waiting(bench, whole, ground, name, outcome.because))
    done.pending.update(hearing.kept)
    for name, outcome in outcomes.items():
        done.outcomes[name] = outcome
        if name not in hearing.kept:
            done.pending.pop(name, None)
    codes = [each.exit_code for each in outcomes.values()]
    bench.tell(RunFinished(run=run, outcomes=counted_outcomes(outcomes), exit_code=strongest(codes)))


def _rounds(session: Session, work: _Work, hearing: Hearing) -> Outcomes:
    whole, bench, targets = session.survey, session.bench, work.targets

    def heard(plan: Plan) -> TargetFinished | None:
        ended = admitted(session, hearing, plan)
        if ended is None:
            work.rollouts.begin(plan.target.environment)
        return ended

    course = Course(
        targets=targets,
        needs=whole.needs(targets),
        request=PlanRequest(),
        approve=lambda _: True,  # each plan is heard by itself
        verb="up",
        judged=lambda name: superseded(bench, whole, [name]).get(name),
        admitted=heard,
    )
    tell_started(session, course)
    begin_taking(session, [*targets, *(each.target for each in work.ends)])
    outcomes = run_rounds(session, course)
    session.under_lease()
    over = superseded(bench, whole, [each.target for each in work.ends])
    for outcome in over.values():
        bench.tell(outcome)
    ends = remove_unwished(session, [each for each in work.ends if each.target not in over], course)
    return outcomes | over | ends


def _actor(ground: Ground) -> Actor:
    """Who merged the newest of it, as the forge says; else as whom we speak to it."""
    newest = [each.pull for arrived in ground.arrived.values() for each in arrived.pulls[:1]]
    mergers = [each.merged_by for each in newest if each.merged_by.login]
    person = mergers[0] if mergers else ground.forge.identity().person
    return Actor(name=person.login, confirmed=True)


def _keep(whole: Survey, environments: Iterable[str], done: _Done) -> tuple[PendingApply, ...]:
    """What waits is kept where everybody sees it; what waits no more is taken away. Those that nobody heard of yet."""
    fresh: list[PendingApply] = []
    for environment in environments:
        waiting = [each for name, each in done.pending.items() if name.environment == environment]
        standing = whole.record.pending.standing(environment)
        over = [name for name in standing if name not in done.pending and _is_over(whole, name, done)]
        whole.record.pending.replace(environment, waiting, over)
        fresh += news(waiting, standing)
    return tuple(fresh)


def _tell(branch: Branch, done: _Done, names: set[TargetName]) -> None:
    """On each pull request that something of it came by, what became of it: one comment of ours, edited in place."""
    ended = {name: each for name, each in done.outcomes.items() if (branch.tip, name) in done.tried}
    numbers = {
        name: [each.pull.number for each in done.arrived[name].pulls]
        for name in ended
        if name in done.arrived
    }
    for number in sorted({number for name in names for number in numbers.get(name, ())}):
        mine = {name: each for name, each in ended.items() if number in numbers.get(name, ())}
        body = apply_comment(mine, done.pending, branch.tip)
        try:
            before = branch.forge.own_comment(number, APPLY_MARKER)
            if before is None and mine:
                branch.forge.write_comment(number, body)
            elif before is not None and mine and before.body.strip() != body.strip():
                branch.forge.edit_comment(number, before, body)
        except (NoAnswer, Denied) as error:  # what was applied is applied, whoever can be told
            done.notes.extend(replace(each, severity=Severity.WARNING) for each in error.diagnostics)


def _is_over(whole: Survey, name: TargetName, done: _Done) -> bool:
    """Whether a pending apply is of the past: applied, or not wished for any more, or not behind."""
    if name in done.outcomes:
        return done.outcomes[name].outcome in ("succeeded", "unchanged")
    target = whole.wishes.targets.get(name)
    if target is None:
        return name not in ending_in(whole, (name.environment,))
    return not is_behind(whole, target)
