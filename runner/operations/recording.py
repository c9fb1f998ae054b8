"""How a target's work ended, written down: entry, state and the lease's end go together, in one submission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import asdict, replace

from runner.decisions.handed_over import Witnessed, unknown_in, unknown_of
from runner.diagnostics import Diagnostic, Severity
from runner.engine import Applied, StateContents
from runner.errors import LeaseHeld, RunnerError
from runner.git import Conflict, Delivery, Edit, Pushed, Unsent
from runner.kit.stop import Stop
from runner.ledger import Writing
from runner.model.approval import Vouched
from runner.model.change import Output
from runner.model.entry import Deployment, Entry, EntryKind, Result, StoredState
from runner.model.happening import TargetFinished
from runner.model.names import TargetName
from runner.model.plan import Plan, counted
from runner.operations.output_marks import marks_of
from runner.operations.session import Readied, Session
from runner.operations.state_contents import contents_of
from runner.operations.state_keeper import StateKeeper
from runner.operations.values import conceal

MOST_POLICIES = 100
"""Words of policies that an entry takes (law 14)."""


class Ending(Struct, frozen=True, kw_only=True):
    """What is to be recorded: the plan, what became of it, and who kept the state meanwhile. `applied` None: there
    was nothing to apply, only to record that this commit is live. `ends`: a destroyed target is over, not held."""

    plan: Plan
    ready: Readied
    applied: Applied | None
    keeper: StateKeeper | None = None
    ends: bool = False


def record(session: Session, ending: Ending) -> TargetFinished:
    """Writes the entry with state and lease, waits until it has arrived, and clears the working directory.

    What could not be sent stays in the Git directory and is told as exit 9 (law 8): never lost, never silent.
    """
    target = ending.plan.target
    contents = _contents(session, ending)
    if contents:
        with session.lock:
            session.outputs[target] = contents.outputs
    writing, edits, delivery = _sent(session, ending, contents)
    if isinstance(delivery, Conflict) and ending.keeper and ending.keeper.caught_up():
        writing, edits, delivery = _sent(session, ending, contents)
    session.directory.journal.write(
        {"event": "recorded", "target": str(target), "delivery": type(delivery).__name__}
    )
    if isinstance(delivery, Pushed):
        session.unrecorded.discard(target)
        session.directory.clear(target)
    else:
        session.unrecorded.add(target)
    return _finished(ending, writing, delivery, edits, by_hand=session.bench.stop.level > 0)


def _sent(
    session: Session, ending: Ending, contents: StateContents | None
) -> tuple[Writing, Sequence[Edit], Delivery]:
    target = ending.plan.target
    stored, state_edits = _stored(session, ending, contents)
    writing = _writing(session, ending, contents, stored)
    edits = [*session.survey.record.ledger.record(writing), *state_edits]
    return writing, edits, session.leases_of(target).end(target, edits, keep=True)


def _contents(session: Session, ending: Ending) -> StateContents | None:
    """The state as it is now. Where the engine keeps it and does not give it out after an apply, nothing: the entry
    that says what happened is worth more than what the state would add to it."""
    ready = ending.ready
    if ending.keeper and ready.work.backend.file is not None:
        state = ending.keeper.read()
    else:
        try:
            state = ready.engine.state(ready.work, Stop())  # a run that was stopped is recorded too
        except RunnerError:
            return None
    if not state:
        return None
    contents = contents_of(session, ending.plan.target, ready.engine, state)
    if contents.sealed:
        contents = replace(contents, outputs=_opened(ready, contents))
    for output in contents.outputs.values():
        if output.sensitive:
            conceal(output.value, session.redactor, str(ending.plan.target))
    return contents


def _opened(ready: Readied, contents: StateContents) -> Mapping[str, Output]:
    """The outputs with those that only the engine can open; where it does not, those are told as there and no more."""
    try:
        return ready.engine.outputs(ready.work, Stop())
    except RunnerError:
        hidden = {name: Output(value=None, sensitive=True) for name in contents.sealed}
        return {**contents.outputs, **hidden}


def _stored(
    session: Session, ending: Ending, contents: StateContents | None
) -> tuple[StoredState | None, tuple[Edit, ...]]:
    """Which state the entry names, and the edits that store it, where it is not stored yet."""
    ready, keeper = ending.ready, ending.keeper
    named = keeper.stored if keeper else ready.named
    if contents is None or (named and named.facts.digest == contents.facts.digest):
        return named, ()
    fence = session.leases_of(ending.plan.target).fence(ending.plan.target)
    state = keeper.read() if keeper and ready.work.backend.file else b""
    saved = ready.store.save(ready.target.name, state, contents.facts, fence, named)
    return saved.stored, saved.edits


def _unknown_of(ending: Ending, contents: StateContents | None) -> tuple[str, ...]:
    applied = ending.applied
    if applied is None or applied.ok or applied.locked:
        return ()  # of who has the engine's own lock the state may name what is pending
    witnessed = Witnessed(
        unfinished=applied.unfinished, finished=applied.finished, provisioning=applied.provisioning
    )
    if contents:
        return unknown_in(witnessed, contents)
    return unknown_of(witnessed, None if ending.ready.work.backend.file is None else ())


def _result(applied: Applied | None, unknown: tuple[str, ...]) -> Result:
    match applied:
        case None | Applied(ok=True):
            return Result.SUCCEEDED
        case _ if unknown:
            return Result.UNKNOWN
        case Applied(stopped=True):
            return Result.INTERRUPTED
        case _:
            return Result.FAILED


def _writing(
    session: Session, ending: Ending, contents: StateContents | None, stored: StoredState | None
) -> Writing:
    plan, ready, applied = ending.plan, ending.ready, ending.applied
    unknown = _unknown_of(ending, contents)
    result = _result(applied, unknown)
    vouched = session.vouched.get(plan.target, Vouched())
    entry = Entry(
        target=plan.target,
        kind=EntryKind.DESTROY if plan.destroy else EntryKind.APPLY,
        result=result,
        commit=ready.source,
        law=session.survey.law,
        actor=session.actor,
        run=session.directory.id,
        at=session.bench.clock.now(),
        digests=plan.digests,
        settings=ready.settings,
        modules=ready.closure.fetched,
        engine=str(ready.engine.identity),
        state=stored,
        fence=session.leases_of(plan.target).fence(plan.target),
        counts=_counts(plan),
        partial=plan.partial,
        overrides=session.overrides,
        approvers=vouched.approvers,
        pull_request=vouched.pull_request,
        credentials=ready.identity,
        because=applied.because if applied else "nothing to apply; this commit is live now",
        unknown=unknown,
        policies=_policies(plan),
    )
    return Writing(
        entry=entry,
        deployment=_deployment(session, ending, entry, contents),
        outputs=contents.outputs if contents else {},
        resources=contents.resources if contents else (),
    )


def _deployment(session: Session, ending: Ending, entry: Entry, contents: StateContents | None) -> Deployment:
    plan, previous = ending.plan, ending.ready.previous
    succeeded = entry.result is Result.SUCCEEDED
    good = entry if succeeded and not plan.partial else (previous.good if previous else None)
    return Deployment(
        target=plan.target,
        last=entry,
        good=good,
        outputs={name: output.sensitive for name, output in contents.outputs.items()} if contents else {},
        directory=ending.ready.target.stack.directory,
        held=plan.destroy and succeeded and not ending.ends,
        ended=plan.destroy and succeeded and ending.ends,
        depends_on=tuple(edge.target for edge in session.survey.edges.get(plan.target, ())),
        resources=len(contents.resources) if contents else 0,
        marks=marks_of(session, plan.target, contents.outputs) if contents else {},
        read=ending.ready.read if good is entry else previous.read if previous else None,
    )


def _policies(plan: Plan) -> tuple[str, ...]:
    """What policies of the engine's own advised against, or mended; a check of Terraform's own says that it passed."""
    told = [each for each in plan.planned.checks if each["status"] != "pass"] if plan.planned else []
    words = (": ".join(filter(None, (each["status"], each["address"], each["message"]))) for each in told)
    return tuple(dict.fromkeys(" ".join(each.split()) for each in words))[:MOST_POLICIES]


def _counts(plan: Plan) -> Mapping[str, int]:
    return (
        {kind: count for kind, count in asdict(counted(plan.planned)).items() if count}
        if plan.planned
        else {}
    )


def _finished(
    ending: Ending, writing: Writing, delivery: Delivery, edits: Sequence[Edit], *, by_hand: bool
) -> TargetFinished:
    target, applied = ending.plan.target, ending.applied
    outcome, entry = "succeeded" if applied else "unchanged", ""
    exit_code, diagnostics = _ended(applied, by_hand=by_hand) if applied else (0, [])
    if exit_code:
        outcome = "failed"
    if writing.entry.unknown:
        exit_code = 9
        diagnostics.append(_unknown(target, writing.entry.unknown))
    if ending.keeper and ending.keeper.trouble and not isinstance(delivery, Pushed):
        diagnostics.append(states_not_stored(target, ending.keeper.trouble))
    match delivery:
        case Pushed(heads=heads):
            entry = next((heads[edit.ref] for edit in edits if edit.chained and edit.ref in heads), "")
        case Unsent(message=message):
            exit_code, outcome = 9, "failed"
            diagnostics.append(_unsent(target, message))
        case Conflict(ref=ref):
            exit_code, outcome = 9, "failed"
            ours = any(edit.ref == ref for edit in edits)
            diagnostics.append(_moved(target, ref) if ours else _fenced(target))
    because = diagnostics[-1].message if exit_code == 9 else writing.entry.because
    return TargetFinished(
        target=target,
        outcome=outcome,
        because=because,
        diagnostics=tuple(diagnostics),
        entry=entry,
        exit_code=exit_code,
    )


def _ended(applied: Applied, *, by_hand: bool) -> tuple[int, list[Diagnostic]]:
    """How the engine ended, as an exit code, and what there is to say of it."""
    if applied.ok:
        return 0, []
    if applied.locked:
        return 4, [applied.locked]
    failed = [
        Diagnostic(code="apply-failed", message=f"{address}: {text}" if address else text)
        for address, text in applied.failed
    ]
    if applied.stopped and not by_hand:  # 130 is for who interrupts the run: this one lost its lease, say
        return 1, [Diagnostic(code="apply-stopped", message=applied.because), *failed]
    return 130 if applied.stopped else 1, failed


def not_recorded(session: Session, target: TargetName, error: RunnerError | OSError) -> TargetFinished:
    """How a target ended whose engine may have changed something, where `error` kept us from recording it: what the
    engine wrote stays in this clone, and the next command takes it from there."""
    message = session.redactor.text(str(error))
    lost = isinstance(error, LeaseHeld)
    told = _fenced(target) if lost else _unsent(target, message)
    return TargetFinished(
        target=target, outcome="failed", because=told.message, diagnostics=(told,), exit_code=9
    )


def _unknown(target: object, unknown: tuple[str, ...]) -> Diagnostic:
    return Diagnostic(
        code="outcome-unknown",
        message=f"nobody saw how these ended in `{target}`: {', '.join(unknown)}",
        hint=f"look at them in the cloud, then `runner state recover {target}`",
    )


def _unsent(target: object, message: str) -> Diagnostic:
    return Diagnostic(
        code="not-recorded",
        message=f"`{target}` was changed, but its record could not be sent: {message}",
        hint="it is kept in this clone: the next `runner up` sends it first; do not delete the clone",
    )


def states_not_stored(target: object, why: str) -> Diagnostic:
    """What is told while an engine works and what it writes cannot be stored."""
    return Diagnostic(
        code="states-not-stored",
        message=f"the newest state of `{target}` is only in this clone, and could not be stored for 10 s: {why}",
        hint="it is tried again all the time, and goes with the record; do not delete the clone",
        severity=Severity.WARNING,
    )


def _moved(target: object, ref: str) -> Diagnostic:
    return Diagnostic(
        code="record-moved",
        message=f"`{ref}` was changed by somebody else at `{target}` while its lease was ours",
        hint=f"its state is kept in this clone; `runner state recover {target}` shows both and records one",
    )


def _fenced(target: object) -> Diagnostic:
    return Diagnostic(
        code="lease-lost",
        message=f"the lease of `{target}` was taken by someone else while it was being changed",
        hint=f"its state is kept in this clone; `runner state recover {target}` records it",
    )
