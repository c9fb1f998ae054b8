"""What `removed:` ends, as it is planned before it is done: from its last applied commit (law 11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from runner.decisions.digests import Bound, digests_of
from runner.decisions.orphans import Fate, Unwished
from runner.decisions.selection import is_environment
from runner.diagnostics import Diagnostic, Severity
from runner.errors import RunnerError
from runner.model.change import Change, ChangeKind
from runner.model.entry import Deployment
from runner.model.happening import PlanReady, TargetFinished
from runner.model.names import TargetName
from runner.model.plan import Plan, PlanKind, Planned, StateFacts
from runner.model.selection_request import SelectionRequest
from runner.model.stack import EngineIdentity, EngineName
from runner.model.target import Target
from runner.operations.as_applied import as_applied
from runner.operations.judging import judge_references
from runner.operations.planning import PlanRequest, make_plan
from runner.operations.rounds import failure_of
from runner.operations.session import Session
from runner.operations.survey import Survey, chosen

Ending = Mapping[TargetName, Unwished]


def chosen_with(
    selection: SelectionRequest, whole: Survey, ending: Ending
) -> tuple[dict[TargetName, Target], dict[TargetName, Unwished]]:
    """The targets that `selection` means, and what it means of `ending`: all of it with everything, or with its
    environment, else what is named by its own name. Errors: as `chosen`."""
    if not selection.selectors:
        return chosen(selection, whole), dict(ending)
    own = {word: name for name in ending for word in (str(name), f"env/{name}")}
    left = tuple(word for word in selection.selectors if word not in own)
    named = {own[word] for word in selection.selectors if word in own}
    meant = {
        name: each
        for name, each in ending.items()
        if name in named or any(is_environment(word, (name.environment,)) for word in left)
    }
    return (chosen(replace(selection, selectors=left), whole) if left else {}), meant


def ending_of(session: Session, name: TargetName, live: Deployment) -> tuple[Session, Target]:
    """The target as it was last applied, and the session over its code, inputs and lock file of then, not the head's.
    What it may read is what today's gates allow. AskedWrongly, Denied."""
    past, target = as_applied(session, name, live)
    judge_references(past.survey, {name: target})
    return past, target


def destroying(purpose: str, *, later: bool = False) -> PlanRequest:
    """How the end of a target is planned; `later`: for a preview, and kept in the engine's own words."""
    return PlanRequest(destroy=True, purpose=purpose, keep=later, later=later)


def plan_ends(session: Session, ending: Iterable[Unwished]) -> dict[TargetName, TargetFinished]:
    """Plans what each would end, for a preview; the plans are in the session. Those that cannot be planned."""
    failed: dict[TargetName, TargetFinished] = {}
    for each in ending:
        name, live = each.target, session.live(each.target)
        assert live is not None, f"{name} is live, or it does not end"
        try:
            session.planned[name] = (
                forgetting(session, name, live)
                if each.fate is Fate.FORGET
                else _destroyed(session, name, live)
            )
        except RunnerError as error:
            failed[name] = failure_of(session, name, error)
            session.bench.tell(failed[name])
            continue
        session.bench.tell(PlanReady(plan=session.planned[name]))
    return failed


def _destroyed(session: Session, name: TargetName, live: Deployment) -> Plan:
    past, target = ending_of(session, name, live)
    return make_plan(past, target, destroying("preview", later=True))


def foretold(each: Unwished) -> Diagnostic:
    """What a merge will end, said before all else."""
    word = (
        "destroyed, as it was last applied" if each.fate is Fate.DESTROY else "forgotten; what it made stays"
    )
    message = f"`{each.target}` will be {word}: {each.because}"
    return Diagnostic(code="being-removed", message=message, severity=Severity.WARNING)


def forgetting(session: Session, name: TargetName, live: Deployment) -> Plan:
    """What a person is asked about: nothing in the cloud changes, and nobody keeps it in step any more."""
    facts = live.last.state.facts if live.last.state else StateFacts()
    changes = tuple(
        Change(address=each.address, kind=ChangeKind.FORGET, type=each.type, provider=each.provider)
        for each in session.survey.record.ledger.resources(name)
    )
    planned = Planned(changes=changes, outputs=(), changed=True, complete=True)
    word, _, rest = live.last.engine.partition(" ")
    engine = EngineIdentity(name=EngineName(word or "terraform"), version=rest.partition(" ")[0], origin="")
    bound = Bound(
        target=name,
        code=live.last.digests.code if live.last.digests else "",
        inputs={},
        secrets={},
        engine=engine,
        lineage=facts.lineage,
    )
    return Plan(
        target=name,
        kind=PlanKind.PLANNED,
        engine=None,
        planned=planned,
        digests=digests_of(planned, bound),
        state=facts,
        commit=session.survey.revision.commit,
        made_at=session.bench.clock.now(),
        because="`removed:` says forget",
    )
