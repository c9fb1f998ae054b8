"""What `removed:` names is destroyed or forgotten last, loudly, from its last applied commit (law 11)."""

from __future__ import annotations

from collections.abc import Container, Sequence

from msgspec.structs import replace

from runner.decisions.orphans import Fate, Unwished, unwished
from runner.diagnostics import Diagnostic, Severity
from runner.errors import NoAnswer, RunnerError
from runner.git import Pushed
from runner.kit.dag import waves
from runner.ledger import Writing
from runner.model.approval import Vouched
from runner.model.entry import Deployment, EntryKind
from runner.model.happening import Noted, PlanReady, TargetFinished
from runner.model.names import TargetName
from runner.operations.ending_targets import destroying, ending_of, forgetting
from runner.operations.environment_entries import plain_entry
from runner.operations.judging import closed_now
from runner.operations.recording import not_recorded
from runner.operations.rounds import Course, Outcomes, failure_of, run_rounds
from runner.operations.session import Session
from runner.operations.stores import store_for
from runner.operations.survey import Survey


def unwished_in(whole: Survey, environments: Sequence[str]) -> tuple[Unwished, ...]:
    """The live targets of `environments` that are no longer wished for, each with its fate."""
    live = {
        TargetName(environment=environment, stack=stack): deployment
        for environment in environments
        for stack, deployment in whole.record.ledger.live(environment).items()
    }
    return unwished(live, whole.wishes.targets, whole.wishes.wishes)


def ending_in(whole: Survey, environments: Sequence[str]) -> dict[TargetName, Unwished]:
    """Those of them that `removed:` destroys or forgets."""
    found = unwished_in(whole, environments)
    return {each.target: each for each in found if each.fate in (Fate.DESTROY, Fate.FORGET)}


def remove_unwished(session: Session, going: Sequence[Unwished], course: Course) -> Outcomes:
    """Ends the targets in `going`, dependents first: what others still need stays. Whoever said no to the run's plans
    said no to this."""
    if not going:
        return {}
    if session.declined:
        return {each.target: _left(session, each.target, "skipped", "you said no") for each in going}
    deployments = {each.target: live for each in going if (live := session.live(each.target))}
    needs = {
        name: [need for need in live.depends_on if need in deployments] for name, live in deployments.items()
    }
    outcomes: Outcomes = {}
    fates = {each.target: each for each in going}
    for wave in reversed(waves(needs)):
        for name in wave:
            if session.bench.stop.level:
                outcomes[name] = _left(session, name, "skipped", "the run was interrupted", 130)
                continue
            session.bench.tell(Noted(diagnostic=_loud(fates[name]), target=name))
            blocked = [
                user for user in outcomes if name in needs[user] and outcomes[user].outcome != "succeeded"
            ]
            if blocked:
                because = f"`{blocked[0]}`, which needs it, is still there"
                outcomes[name] = _left(session, name, "skipped", because)
            elif closed := closed_now(session.bench, session.survey, name, session.overrides):
                outcomes[name] = _left(session, name, "pending", closed.message, 8)
            elif fates[name].fate is Fate.FORGET:
                outcomes[name] = _forgotten(session, name, deployments[name], course)
            elif users := _users(session, name, deployments):
                because = f"`{users[0]}`, as it was last applied, is live and needs it"
                outcomes[name] = _left(session, name, "pending", because, 8)
            else:
                outcomes |= _destroyed(session, name, deployments[name], course)
    return outcomes


def _left(
    session: Session, name: TargetName, outcome: str, because: str, exit_code: int = 0
) -> TargetFinished:
    left = TargetFinished(target=name, outcome=outcome, because=because, exit_code=exit_code)
    session.bench.tell(left)
    return left


def _users(session: Session, name: TargetName, going: Container[TargetName]) -> list[TargetName]:
    """Live targets that stay and were applied with what `name` gives; those that this run applied anew were not."""
    ledger = session.survey.record.ledger
    return [
        user
        for environment in ledger.environments()
        for stack, live in sorted(ledger.live(environment).items())
        if name in live.depends_on and not live.held
        if (user := TargetName(environment=environment, stack=stack)) not in going
        and user not in session.applied
    ]


def _loud(each: Unwished) -> Diagnostic:
    word = "destroyed" if each.fate is Fate.DESTROY else "forgotten"
    message = f"`{each.target}` is being {word}: {each.because}"
    return Diagnostic(code="being-removed", message=message, severity=Severity.WARNING)


def _destroyed(session: Session, name: TargetName, live: Deployment, course: Course) -> Outcomes:
    """Destroys a target as it was last applied."""
    try:
        past, target = ending_of(session, name, live)
    except RunnerError as error:
        outcome = failure_of(session, name, error)
        session.bench.tell(outcome)
        return {name: outcome}
    own = Course(
        targets={name: target},
        needs={name: ()},
        request=destroying("apply"),
        approve=course.approve,
        verb="destroy",
        ends=True,
        admitted=course.admitted,
    )
    return run_rounds(past, own)


def _forgotten(session: Session, name: TargetName, live: Deployment, course: Course) -> TargetFinished:
    """Ends the record of a target; what it made stays in the cloud. Asked for as a plan is: its state goes."""
    plan = forgetting(session, name, live)
    session.bench.tell(PlanReady(plan=plan))
    if not course.approve((plan,)):
        return _left(session, name, "skipped", "you said no")
    if held := course.admitted(plan):
        session.bench.tell(held)
        return held
    leases = session.leases_of(name)
    fence = leases.held(name).fence
    because = "`removed:` says forget; its resources stay in the cloud"
    vouched = session.vouched.get(name, Vouched())
    entry = replace(
        plain_entry(session, name, EntryKind.FORGET, because),
        fence=fence,
        approvers=vouched.approvers,
        pull_request=vouched.pull_request,
    )
    writing = Writing(
        entry=entry, deployment=replace(live, last=entry, ended=True, resources=0), outputs={}, resources=()
    )
    # Its entry first: a state that is ended in a bucket and live on record would stand in everybody's way. One that
    # is not ended when we die is recognised, and closed when the target returns.
    delivery = leases.write(name, session.survey.record.ledger.record(writing))
    if isinstance(delivery, Pushed):
        outcome = TargetFinished(target=name, outcome="succeeded", because=entry.because)
        _end_state(session, name)
    else:
        said = getattr(delivery, "message", "the lease moved")
        outcome = not_recorded(session, name, NoAnswer.of("not-recorded", said))
    session.bench.tell(outcome)
    return outcome


def _end_state(session: Session, name: TargetName) -> None:
    """Closes the state of a target that is over; where that fails, nobody is kept from anything."""
    leases = session.leases_of(name)
    try:
        edits = store_for(session, name).remove(name, leases.held(name).fence)
        delivery = leases.end(name, edits)
        trouble = "" if isinstance(delivery, Pushed) else getattr(delivery, "message", "the lease moved")
    except RunnerError as error:
        trouble = str(error)
    if trouble:
        message = (
            f"`{name}` is forgotten, but its state could not be closed: {session.redactor.text(trouble)}"
        )
        hint = "nothing uses it; it is closed when a target of that name comes back"
        told = Diagnostic(code="state-not-closed", message=message, hint=hint, severity=Severity.WARNING)
        session.bench.tell(Noted(diagnostic=told, target=name))
