"""Plan, ask, apply, and again: what waits for others is planned when they are live (law 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from runner.decisions.readings import read_alike
from runner.diagnostics import Diagnostic
from runner.errors import RunnerError
from runner.kit.dag import waves
from runner.model.entry import EntryKind, Result
from runner.model.happening import Noted, PlanReady, RunStarted, TargetFinished, TargetStarted
from runner.model.names import TargetName
from runner.model.plan import Plan, PlanKind
from runner.model.target import Target
from runner.operations.applying import apply
from runner.operations.bench import Question
from runner.operations.conducting import conduct
from runner.operations.disk_trouble import told_of
from runner.operations.judging import closed_now
from runner.operations.planning import PlanRequest, make_plan, values_still_hold
from runner.operations.programs import programs_run
from runner.operations.recording import Ending, record
from runner.operations.session import Readied, Session

AGAIN = "again"
"""Not told to anybody: the target goes into the next round."""

Outcomes = dict[TargetName, TargetFinished]


class Course(Struct, frozen=True, kw_only=True):
    """What a run does with its targets. `needs` is the order (turned round for destroy); `approve` answers for the
    plans of a round; `ends`: a destroyed target is not held but over (`removed:`). `judged` says how a target ends
    that may not go on any more, by the record as it is under the leases; None where it may. `admitted` says how one
    ends whose plan, as it is now, may not be applied: asked right before it would be."""

    targets: Mapping[TargetName, Target]
    needs: Mapping[TargetName, tuple[TargetName, ...]]
    request: PlanRequest
    approve: Callable[[tuple[Plan, ...]], bool]
    verb: str
    ends: bool = False
    judged: Callable[[TargetName], TargetFinished | None] = lambda _: None
    admitted: Callable[[Plan], TargetFinished | None] = lambda _: None


def plan_round(session: Session, course: Course, remaining: Mapping[TargetName, Target]) -> Outcomes:
    """Plans `remaining`, upstream first; returns only what ended already (failed, skipped).

    While the leases are on their way plans are made of what the record said before. None of them is told or counts
    until the leases are ours: what has moved by then is judged and planned again. LeaseHeld and others as
    `Session.under_lease`.
    """

    over: Outcomes = {}

    def work(name: TargetName) -> TargetFinished:
        session.bench.tell(TargetStarted(target=name))
        basis = session.basis(name)
        made = _attempt(session, remaining[name], course.request)
        session.under_lease()
        if session.basis(name) != basis:
            if ended := course.judged(name):
                over[name] = ended  # what needs it goes on from what is live
                return TargetFinished(target=name, outcome=AGAIN)
            made = _attempt(session, remaining[name], course.request)
        if isinstance(made, TargetFinished):
            return made
        with session.lock:
            session.planned[name] = made
        session.bench.tell(PlanReady(plan=made))
        return TargetFinished(target=name, outcome=AGAIN)

    outcomes = conduct({name: course.needs.get(name, ()) for name in remaining}, work, _skipped)
    ended = over | {name: outcome for name, outcome in outcomes.items() if outcome.outcome != AGAIN}
    for outcome in ended.values():
        session.bench.tell(outcome)
    return ended


def _attempt(session: Session, target: Target, request: PlanRequest) -> Plan | TargetFinished:
    """A plan, or how the target ends that cannot be planned."""
    try:
        return make_plan(session, target, request)
    except RunnerError as error:
        return failure_of(session, target.name, error)
    except OSError as error:
        return failure_of(session, target.name, told_of(error))


def run_rounds(session: Session, course: Course) -> Outcomes:
    """Rounds until nothing is left or nothing moves. Every target ends in exactly one outcome."""
    ended = plan_round(session, course, course.targets)
    remaining = {name: target for name, target in course.targets.items() if name not in ended}
    while remaining:
        ready = _ready(session, course, remaining)
        if not ready or session.bench.stop.level:
            break
        if not _approved(session, course, ready):
            session.declined.update(remaining)
            for name in remaining:
                ended[name] = _tell(
                    session, TargetFinished(target=name, outcome="skipped", because="you said no")
                )
            return ended
        if ended or session.bench.ask is not None:
            # Time has passed, over other targets or a question: somebody may have frozen the environment meanwhile.
            session.survey.record.ledger.refresh(sorted({name.environment for name in ready}))
        moved = _apply_round(session, course, ready)
        ended.update(moved)
        remaining = {name: target for name, target in remaining.items() if name not in moved}
        blocked = _blocked(session, course, remaining, ended)
        ended.update(blocked)
        remaining = {name: target for name, target in remaining.items() if name not in blocked}
        if remaining and not session.bench.stop.level:
            again = plan_round(session, course, remaining)
            ended.update(again)
            remaining = {name: target for name, target in remaining.items() if name not in again}
    for name in remaining:
        ended[name] = _tell(session, _left_over(session, name))
    return ended


def tell_started(session: Session, course: Course) -> None:
    """Tells which run this is, and the waves in which its targets can go."""
    among = {
        name: [need for need in course.needs.get(name, ()) if need in course.targets]
        for name in course.targets
    }
    session.bench.tell(
        RunStarted(
            run=session.directory.id,
            verb=course.verb,
            commit=session.survey.revision.commit,
            law=session.survey.law,
            waves=waves(among),
        )
    )
    for told in programs_run(course.targets.values()) if course.verb != "destroy" else ():
        session.bench.tell(Noted(diagnostic=told))


def _ready(
    session: Session, course: Course, remaining: Mapping[TargetName, Target]
) -> dict[TargetName, Target]:
    """Those of `remaining` with a plan that may be approved, and whose needs are ready too, or ended."""
    ready = {name for name in remaining if session.planned[name].kind is PlanKind.PLANNED}
    while True:
        kept = {
            name
            for name in ready
            if all(need in ready or need not in remaining for need in course.needs.get(name, ()))
        }
        if kept == ready:
            return {name: remaining[name] for name in sorted(ready)}
        ready = kept


def _approved(session: Session, course: Course, ready: Mapping[TargetName, Target]) -> bool:
    plans = tuple(session.planned[name] for name in ready if session.planned[name].changed)
    return not plans or course.approve(plans)


def _apply_round(session: Session, course: Course, ready: Mapping[TargetName, Target]) -> Outcomes:
    def work(name: TargetName) -> TargetFinished:
        if session.bench.stop.level:
            return TargetFinished(
                target=name, outcome="skipped", because="the run was interrupted", exit_code=130
            )
        plan, prepared = session.planned[name], session.readied[name]
        try:
            if not values_still_hold(session, prepared):
                return TargetFinished(target=name, outcome=AGAIN)
            if not plan.changed:
                return _unchanged(session, plan)
            if held := _held_up(session, course, plan, prepared):
                return held
            # Not before now: a run that is refused leaves neither a ledger nor a key behind.
            session.bench.tools.begin(prepared.gates, session.survey.record)
            return apply(session, plan, prepared, ends=course.ends)
        except RunnerError as error:
            return failure_of(session, name, error)
        except OSError as error:
            return failure_of(session, name, told_of(error))

    def tell(name: TargetName) -> TargetFinished:
        outcome = work(name)
        if outcome.outcome != AGAIN:
            session.bench.tell(outcome)
        return outcome

    def skip(name: TargetName, because: TargetFinished) -> TargetFinished:
        return _tell(session, _skipped(name, because))

    outcomes = conduct({name: course.needs.get(name, ()) for name in ready}, tell, skip)
    session.applied.update(
        name for name, each in outcomes.items() if each.outcome in ("succeeded", "unchanged")
    )
    return {name: outcome for name, outcome in outcomes.items() if outcome.outcome != AGAIN}


def _held_up(session: Session, course: Course, plan: Plan, prepared: Readied) -> TargetFinished | None:
    """How a target with changes goes on that may not be applied, or not just now; None where it may."""
    name = plan.target
    if closed := closed_now(session.bench, session.survey, name, session.overrides):
        return TargetFinished(
            target=name, outcome="pending", because=closed.message, diagnostics=(closed,), exit_code=8
        )
    if _too_old(session, plan, prepared):
        return TargetFinished(target=name, outcome=AGAIN)
    return course.admitted(plan)


def _too_old(session: Session, plan: Plan, prepared: Readied) -> bool:
    """Whether `requires.plan_age` wants it made again: somebody took their time to answer."""
    requires = prepared.gates.requires
    if requires is None or requires.plan_age is None:
        return False
    return (session.bench.clock.now() - plan.made_at).total_seconds() > requires.plan_age


def _unchanged(session: Session, plan: Plan) -> TargetFinished:
    """Nothing to apply. Where the record names other code, it learns that this commit is live now."""
    prepared = session.readied[plan.target]
    before = prepared.previous
    # After a failure, a part or a hand in the state, the record has to learn that the whole is as wished again.
    last = before.last if before else None
    whole = (
        last and last.result is Result.SUCCEEDED and not last.partial and last.kind is not EntryKind.SURGERY
    )
    good = before.good if before and whole and not before.held else None
    same = good and good.digests and plan.digests and good.digests.code == plan.digests.code
    read = before and read_alike(before.read, prepared.read, session.live)
    if same and read and good and good.settings == prepared.settings:
        session.directory.clear(plan.target)
        return TargetFinished(
            target=plan.target, outcome="unchanged", because="the engine has nothing to apply"
        )
    session.bench.tools.begin(prepared.gates, session.survey.record)
    return record(session, Ending(plan=plan, ready=prepared, applied=None))


def _blocked(
    session: Session, course: Course, remaining: Mapping[TargetName, Target], ended: Outcomes
) -> Outcomes:
    blocked: Outcomes = {}
    for wave in waves(
        {name: [n for n in course.needs.get(name, ()) if n in remaining] for name in remaining}
    ):
        for name in wave:
            for need in course.needs.get(name, ()):
                outcome = blocked.get(need) or ended.get(need)
                if outcome and outcome.outcome in ("failed", "skipped", "pending"):
                    blocked[name] = _tell(session, _skipped(name, outcome))
                    break
    return blocked


def _left_over(session: Session, name: TargetName) -> TargetFinished:
    if session.bench.stop.level:
        return TargetFinished(
            target=name, outcome="skipped", because="the run was interrupted", exit_code=130
        )
    plan = session.planned[name]
    return TargetFinished(target=name, outcome="pending", because=plan.because or str(plan.kind), exit_code=8)


def _skipped(name: TargetName, because: TargetFinished) -> TargetFinished:
    return TargetFinished(
        target=name, outcome="skipped", because=f"`{because.target}`, which it needs, {_ended_words(because)}"
    )


def _ended_words(outcome: TargetFinished) -> str:
    return {"failed": "failed", "skipped": "was skipped", "pending": "waits"}[outcome.outcome]


def failure_of(session: Session, name: TargetName, error: RunnerError) -> TargetFinished:
    """The outcome of a target that an error ended, free of secrets."""
    safe = tuple(
        Diagnostic(
            code=each.code,
            message=session.redactor.text(each.message),
            span=each.span,
            hint=each.hint,
            source=session.redactor.text(each.source),
            severity=each.severity,
        )
        for each in error.diagnostics
    )
    return TargetFinished(
        target=name, outcome="failed", because=safe[0].message, diagnostics=safe, exit_code=error.exit_code
    )


def _tell(session: Session, outcome: TargetFinished) -> TargetFinished:
    session.bench.tell(outcome)
    return outcome


def asking(session: Session, verb: str, *, yes: bool, expected: str) -> Callable[[tuple[Plan, ...]], bool]:
    """How a round is approved: `--yes`, or the person's answer."""

    def approve(plans: tuple[Plan, ...]) -> bool:
        if yes:
            return True
        environments = tuple(sorted({plan.target.environment for plan in plans}))
        question = Question(
            verb=verb,
            environments=environments,
            plans=plans,
            expected=expected,
            text=f"{verb} {len(plans)} target{'s' if len(plans) != 1 else ''} in {', '.join(environments)}?",
        )
        return session.bench.ask is not None and session.bench.ask(question)

    return approve
