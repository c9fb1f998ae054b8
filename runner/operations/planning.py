"""One target planned: laid out, its state and inputs put beside it, the engine asked, the answer bound by digests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from runner.decisions.deferral import Foresight, Upstreams, foreseen
from runner.decisions.digests import Bound, digests_of
from runner.decisions.edges import Edge, module_facts
from runner.decisions.engine_gate import engine_verdict
from runner.decisions.inputs import configuration_of, exposed_values, inputs_of
from runner.decisions.kept_states import kept_state_verdict
from runner.diagnostics import Diagnostic, Severity
from runner.engine import Engine, EngineEvent, Listener, PlanOptions, ReferredStack, Workspace
from runner.errors import HistoryMoved, Interrupted, OutcomeUnknown, TargetFailed, ToolUnavailable
from runner.kit.canonical import encode
from runner.model.change import ChangeKind, Output
from runner.model.entry import Deployment, Reading, Result
from runner.model.happening import Noted
from runner.model.names import TargetName
from runner.model.plan import Plan, PlanKind, Planned, StateFacts
from runner.model.references import Inputs, Json, OutputReference, references_in
from runner.model.target import Target
from runner.model.verdict import Answer
from runner.operations.closures import is_behind
from runner.operations.known_plans import Prospect, Wanted, keep_for_next, known_plan, prospect_of
from runner.operations.output_marks import readings_of
from runner.operations.plan_files import keep_plan
from runner.operations.policy_packs import packs_laid_out
from runner.operations.referred_outputs import referred_stacks
from runner.operations.returning import standing_bytes
from runner.operations.session import Readied, Session
from runner.operations.stores import store_for
from runner.operations.superseding import superseded
from runner.operations.upstream import live_outputs
from runner.operations.values import Known, Resolved, resolved
from runner.operations.vanished_values import inputs_without_vanished
from runner.operations.workplace import laid_out, wish_of, workspace_of


class PlanRequest(Struct, frozen=True, kw_only=True):
    """How to plan. `addresses` and `replace` are resource addresses; `purpose` (preview, apply): whose credentials;
    `keep`: the plan stays with the run as the engine words it (a command of its own, so not done unasked); `later`: the
    plan is to be approved and applied by another run, before which what is behind may change; `known`: a plan that this
    clone has kept of the same will do, and one that is made is kept for the next; `fresh`: it is made all the same."""

    destroy: bool = False
    refresh: bool = True
    addresses: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    change_engine: bool = False
    purpose: str = "preview"
    keep: bool = False
    later: bool = False
    known: bool = False
    fresh: bool = False


class _Given(Struct, frozen=True, kw_only=True):
    """What a target is planned with: the inputs as written, how far their values can be believed, and what of others
    is read for it."""

    inputs: Inputs
    foresight: Foresight
    previous: Deployment | None
    read: Mapping[TargetName, Reading] = field(default_factory=dict)


def make_plan(session: Session, target: Target, request: PlanRequest) -> Plan:
    """Plans `target`, or says why it cannot be planned yet (law 9). Leaves what `apply` needs in `session.readied`.

    RunnerError of any family where it cannot be planned at all.
    """
    with session.desks:
        given = _given(session, target, request)
        if given.foresight.kind is PlanKind.DEFERRED:
            return _deferred(session, target, given)
        engine = session.bench.tools.engine(wish_of(session.survey, target), session.survey.gates)
        _refuse_foreign(target, given.previous, engine, request)
        prospect = _prospect(session, target, given, engine, request) if request.known else None
        if prospect and not request.fresh and (found := known_plan(session, prospect)):
            return found
    with session.slots:
        # The run's own requests reach it too.
        if (stop := session.stop(target.name)).level:
            why = stop.because or "the run was interrupted"
            raise Interrupted.of("interrupted", f"`{target.name}` was not planned: {why}")
        session.progress(target.name, "preparing", f"with {engine.identity}")
        ready = _prepared(session, _readied(session, target, given, engine, request))
        planned = _planned(session, ready, request)
        plan = _bound(session, ready, planned, given, request)
        if request.keep:
            keep_plan(session, plan, ready)
        if request.later:  # nobody applies from here: a plain state does not wait for the others' plans
            session.directory.clear(target.name)
    if prospect:
        keep_for_next(session, prospect, ready, plan)
    with session.lock:
        session.readied[target.name] = ready
    return plan


def values_still_hold(session: Session, ready: Readied) -> bool:
    """Whether the inputs are still what the plan was made with, now that what it needs is live."""
    if not any(references_in(each.value) for each in ready.written.values()):
        return True
    known = _known(session, ready.target, _outputs_now(session, ready.written))
    return resolved(ready.written, known).values == ready.values.values


def _given(session: Session, target: Target, request: PlanRequest) -> _Given:
    previous = session.live(target.name)
    if previous and previous.last.result is Result.UNKNOWN:
        raise OutcomeUnknown.of(
            "outcome-unknown",
            f"nobody saw how these ended in `{target.name}`: {', '.join(previous.last.unknown)}",
            hint=f"look at them in the cloud, then `runner state recover {target.name}`",
        )
    module = module_facts(target, session.survey.code)
    written = inputs_of(target, module).inputs if module else configuration_of(target)
    references = [each for given in written.values() for each in references_in(given.value)]
    outputs = [each for each in references if isinstance(each, OutputReference)]
    edges = session.survey.edges.get(target.name, ())
    if request.destroy:
        written = inputs_without_vanished(session, target, written)
        return _Given(inputs=written, foresight=_as_live(session, outputs), previous=previous)
    upstreams = Upstreams(
        live={edge.target: live_outputs(session, edge.target) for edge in edges},
        planned={name: plan for name, plan in session.planned.items() if name not in session.applied},
        behind=_behind(session, target, edges, request),
    )
    foresight = foreseen(edges, outputs, upstreams)
    read = {} if request.later else readings_of(session, edges, foresight.outputs, upstreams.live)
    return _Given(inputs=written, foresight=foresight, previous=previous, read=read)


def _behind(
    session: Session, target: Target, edges: Iterable[Edge], request: PlanRequest
) -> frozenset[TargetName]:
    """What `target` needs and what has changes pending that this run does not plan. In a run that applies, they stay
    as they are: that is said, and holds. What follows another branch, or is ahead, is not behind this commit."""
    whole, branch = session.survey, session.gates(target.name.environment).branch
    others = {
        edge.target: whole.wishes.targets[edge.target]
        for edge in edges
        if edge.target not in session.planned and session.gates(edge.target.environment).branch == branch
    }
    found = frozenset(name for name, upstream in others.items() if is_behind(whole, upstream))
    found -= superseded(session.bench, whole, found).keys()
    if request.later:
        return found
    for name in sorted(each for each in found if session.live(each) is not None):
        told = Diagnostic(
            code="upstream-behind",
            message=f"`{name}`, which `{target.name}` needs, is behind: this is planned with what is live of it",
            hint="`--with-dependencies` takes it along",
            severity=Severity.WARNING,
        )
        session.note(target.name, told)
    return frozenset()


def _as_live(session: Session, references: list[OutputReference]) -> Foresight:
    """To destroy, the values as they are live do; what is gone already is not needed any more."""
    outputs = {each.target: live_outputs(session, each.target) or {} for each in references}
    return Foresight(kind=PlanKind.PLANNED, because="", outputs=outputs)


def _outputs_now(session: Session, written: Inputs) -> Mapping[TargetName, Mapping[str, Output]]:
    names = {
        each.target
        for given in written.values()
        for each in references_in(given.value)
        if isinstance(each, OutputReference)
    }
    return {name: live_outputs(session, name) or {} for name in names}


def _deferred(session: Session, target: Target, given: _Given) -> Plan:
    return Plan(
        target=target.name,
        kind=PlanKind.DEFERRED,
        engine=None,
        planned=None,
        digests=None,
        state=given.previous.last.state.facts
        if given.previous and given.previous.last.state
        else StateFacts(),
        commit=session.survey.revision.commit,
        made_at=session.bench.clock.now(),
        because=given.foresight.because,
    )


def _refuse_foreign(
    target: Target, previous: Deployment | None, engine: Engine, request: PlanRequest
) -> None:
    verdict = engine_verdict(
        target, previous.last.engine if previous else "", engine.identity, change_engine=request.change_engine
    )
    if verdict.answer is Answer.DENY:
        raise ToolUnavailable.of(verdict.code, verdict.because, hint=verdict.hint)


def _prospect(
    session: Session, target: Target, given: _Given, engine: Engine, request: PlanRequest
) -> Prospect | None:
    values = resolved(given.inputs, _known(session, target, given.foresight.outputs))
    options: Json = {
        "destroy": request.destroy,
        "refresh": request.refresh,
        "addresses": list(request.addresses),
        "replace": list(request.replace),
    }
    wanted = Wanted(target=target, engine=engine, values=values, foresight=given.foresight, options=options)
    return prospect_of(session, wanted)


def _readied(
    session: Session, target: Target, given: _Given, engine: Engine, request: PlanRequest
) -> Readied:
    whole, previous = session.survey, given.previous
    gates = session.gates(target.name.environment)
    laid = laid_out(session, whole, target)
    for told in (*laid.closure.diagnostics, laid.closure.widening):
        if told:
            session.note(target.name, told)
    work, identity = workspace_of(session, target, laid, engine, request.purpose)
    work = replace(work, trust="preview" if request.later else "apply")
    store = store_for(session, target.name)
    named = previous.last.state if previous else None
    state = standing_bytes(session, store, target.name, previous)
    if work.backend.file is not None and state:
        work.backend.file.write_bytes(state)
        work.backend.file.chmod(0o600)
    values = resolved(given.inputs, _known(session, target, given.foresight.outputs))
    if exposed := exposed_values(given.inputs, values.secret, module_facts(target, whole.code)):
        raise TargetFailed(exposed)
    return Readied(
        target=target,
        gates=gates,
        engine=engine,
        work=replace(
            _with_values(work, values),
            referred=_referred(session, target, work),
            packs=() if request.destroy else packs_laid_out(session, target, work.scratch),
        ),
        store=store,
        named=named,
        before=engine.facts(state) if state else StateFacts(),
        values=values,
        written=given.inputs,
        closure=laid.closure,
        source=whole.revision.commit,
        identity=identity,
        previous=previous,
        read=given.read,
    )


def _referred(session: Session, target: Target, work: Workspace) -> tuple[ReferredStack, ...]:
    """A backend of the user's own is read as it is: nothing is put there."""
    return () if work.backend.file is None else referred_stacks(session, target)


def _with_values(work: Workspace, values: Resolved) -> Workspace:
    return replace(work, inputs=values.values, secret_inputs=values.secret)


def _known(session: Session, target: Target, outputs: Mapping[TargetName, Mapping[str, Output]]) -> Known:
    gates = session.gates(target.name.environment)
    return Known(
        outputs=outputs,
        secret=lambda reference: session.bench.tools.secret(gates, reference),
        environment=target.name.environment,
        commit=session.survey.revision.commit,
        redactor=session.redactor,
    )


def _prepared(session: Session, ready: Readied) -> Readied:
    """The engine made ready, and its modules fetched; where it keeps the state itself, that one is held against the
    record (law 12)."""
    name, stop = ready.target.name, session.stop(ready.target.name)
    ready.engine.prepare(ready.work, stop, _listener(session, name))
    ready = replace(ready, closure=replace(ready.closure, fetched=ready.engine.modules(ready.work)))
    if ready.work.backend.file is not None:
        return ready
    state = ready.engine.state(ready.work, stop)
    facts = ready.engine.facts(state) if state else StateFacts()
    verdict = kept_state_verdict(name, ready.named.facts if ready.named else StateFacts(), facts)
    if verdict.answer is Answer.DENY:
        raise HistoryMoved.of(verdict.code, verdict.because, hint=verdict.hint)
    if verdict.answer is Answer.WARN:
        warning = Diagnostic(
            code=verdict.code, message=verdict.because, hint=verdict.hint, severity=Severity.WARNING
        )
        session.bench.tell(Noted(diagnostic=warning, target=name))
    return replace(ready, before=facts)


def _planned(session: Session, ready: Readied, request: PlanRequest) -> Planned:
    name, stop = ready.target.name, session.stop(ready.target.name)
    listen = _listener(session, name)
    session.progress(name, "planning", "comparing with what is live")
    options = PlanOptions(
        destroy=request.destroy,
        refresh=request.refresh,
        targets=request.addresses,
        replace=request.replace,
        fingerprint=session.bench.tools.fingerprint(ready.gates, session.survey.record),
    )
    planned = ready.engine.plan(ready.work, options, stop, listen)
    made = {each.address for each in planned.changes if each.kind in (ChangeKind.REPLACE, ChangeKind.CREATE)}
    for address in () if planned.errored else request.replace:
        if address not in made:
            session.note(name, _unmatched(name, address))
    return planned


def _unmatched(name: TargetName, address: str) -> Diagnostic:
    """Of an address that is nobody's the engine says nothing."""
    return Diagnostic(
        code="replace-unmatched",
        message=f"`--replace {address}` replaces nothing in `{name}`",
        hint=f"`runner state list {name}` prints the addresses",
        severity=Severity.WARNING,
    )


def _listener(session: Session, name: TargetName) -> Listener:
    log = session.directory.log(name)

    def listen(event: EngineEvent) -> None:
        with log.open("a", encoding="utf-8") as file:
            file.write(event.text + "\n")
        if event.kind in ("start", "complete", "progress"):
            session.progress(name, "planning", event.text)

    return listen


def _bound(session: Session, ready: Readied, planned: Planned, given: _Given, request: PlanRequest) -> Plan:
    fingerprint = session.bench.tools.fingerprint(ready.gates, session.survey.record)
    secrets = {
        name: fingerprint(encode(value))
        for name, value in ready.values.values.items()
        if name in ready.values.secret
    }
    bound = Bound(
        target=ready.target.name,
        code=ready.code,
        inputs=ready.values.values,
        secrets=secrets,
        engine=ready.engine.identity,
        lineage=ready.before.lineage,
    )
    return Plan(
        target=ready.target.name,
        kind=given.foresight.kind,
        engine=ready.engine.identity,
        planned=planned,
        digests=digests_of(planned, bound),
        state=ready.before,
        commit=ready.source,
        made_at=session.bench.clock.now(),
        destroy=request.destroy,
        partial=(*request.addresses, *request.replace),
        because=given.foresight.because,
        run=session.directory.id,
    )
