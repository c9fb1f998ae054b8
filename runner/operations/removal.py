"""What `removed:` names is destroyed or forgotten last, loudly, from its last applied commit (law 11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runner.decisions.edges import graph_edges
from runner.decisions.orphans import Fate, Unwished, unwished
from runner.diagnostics import Diagnostic, Severity
from runner.errors import RunnerError
from runner.git import Pushed
from runner.git.commit_tree import CommitTree
from runner.kit.dag import waves
from runner.ledger import Writing
from runner.model.entry import Deployment, Entry, EntryKind, Result
from runner.model.happening import Noted, TargetFinished
from runner.model.names import TargetName
from runner.model.target import Target
from runner.operations.planning import PlanRequest
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


def remove_unwished(session: Session, going: Sequence[Unwished], course: Course) -> Outcomes:
    """Ends the targets in `going`, dependents first: one that is needed by another that failed to go stays."""
    if not going:
        return {}
    deployments = {each.target: live for each in going if (live := session.live(each.target))}
    needs = {
        name: [need for need in live.depends_on if need in deployments] for name, live in deployments.items()
    }
    outcomes: Outcomes = {}
    fates = {each.target: each for each in going}
    for wave in reversed(waves(needs)):
        for name in wave:
            if session.bench.stop.level:
                outcomes[name] = TargetFinished(
                    target=name, outcome="skipped", because="the run was interrupted", exit_code=130
                )
                session.bench.tell(outcomes[name])
                continue
            session.bench.tell(Noted(diagnostic=_loud(fates[name]), target=name))
            blocked = [
                user for user in outcomes if name in needs[user] and outcomes[user].outcome != "succeeded"
            ]
            if blocked:
                because = f"`{blocked[0]}`, which needs it, is still there"
                outcomes[name] = TargetFinished(target=name, outcome="skipped", because=because)
                session.bench.tell(outcomes[name])
            elif fates[name].fate is Fate.FORGET:
                outcomes[name] = _forgotten(session, name, deployments[name])
            else:
                outcomes |= _destroyed(session, name, deployments[name], course)
    return outcomes


def _loud(each: Unwished) -> Diagnostic:
    word = "destroyed" if each.fate is Fate.DESTROY else "forgotten"
    message = f"`{each.target}` is being {word}: {each.because}"
    return Diagnostic(code="being-removed", message=message, severity=Severity.WARNING)


def _destroyed(session: Session, name: TargetName, live: Deployment, course: Course) -> Outcomes:
    """Destroys a target as it was last applied: its code, inputs and lock file, not the head's."""
    try:
        past, target = _as_applied(session, name, live)
    except RunnerError as error:
        outcome = failure_of(session, name, error)
        session.bench.tell(outcome)
        return {name: outcome}
    own = Course(
        targets={name: target},
        needs={name: ()},
        request=PlanRequest(destroy=True, purpose="apply"),
        approve=course.approve,
        verb="destroy",
        ends=True,
    )
    return run_rounds(past, own)


def _as_applied(session: Session, name: TargetName, live: Deployment) -> tuple[Session, Target]:
    bench, whole = session.bench, session.survey
    commit = (live.good or live.last).commit
    tree = CommitTree(bench.tools.repository, commit)
    wishes = bench.tools.wishes(tree, whole.gates)
    code = bench.tools.code(tree)
    past = replace(
        whole,
        revision=replace(whole.revision, commit=commit),
        tree=tree,
        wishes=wishes,
        code=code,
        edges=graph_edges(wishes.targets, code, whole.believed.environments),
    )
    return replace(session, survey=past), wishes.targets[name]


def _forgotten(session: Session, name: TargetName, live: Deployment) -> TargetFinished:
    """Ends the record of a target; what it made stays in the cloud."""
    leases = session.leases_of(name)
    fence = leases.held(name).fence
    entry = Entry(
        target=name,
        kind=EntryKind.FORGET,
        result=Result.SUCCEEDED,
        commit=session.survey.revision.commit,
        law=session.survey.law,
        actor=session.actor,
        run=session.directory.id,
        at=session.bench.clock.now(),
        state=live.last.state,
        digests=live.last.digests,
        engine=live.last.engine,
        fence=fence,
        because="`removed:` says forget; its resources stay in the cloud",
    )
    writing = Writing(
        entry=entry, deployment=replace(live, last=entry, ended=True, resources=0), outputs={}, resources=()
    )
    edits = [
        *session.survey.record.ledger.record(writing),
        *store_for(session, name).remove(name, fence),
        leases.release(name),
    ]
    delivery = session.survey.record.outbox.submit(edits, keep=True).wait()
    if isinstance(delivery, Pushed):
        outcome = TargetFinished(target=name, outcome="succeeded", because=entry.because)
    else:
        outcome = TargetFinished(
            target=name, outcome="failed", because="the record did not take it", exit_code=6
        )
    session.bench.tell(outcome)
    return outcome
