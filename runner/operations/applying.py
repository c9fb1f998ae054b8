"""One approved plan carried out and recorded: intent, apply, state, entry, lease, in that order (DESIGN, section 4)."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from runner.engine import Applied, EngineEvent
from runner.errors import Denied, RunnerError
from runner.git import Pushed
from runner.model.happening import Noted, ResourceApplied, TargetFinished
from runner.model.lease import Intent
from runner.model.names import TargetName
from runner.model.plan import Plan, counted
from runner.operations.engine_locks import ProcessWatch
from runner.operations.plan_files import keep_plan
from runner.operations.recording import Ending, not_recorded, record, states_not_stored
from runner.operations.returning import close_former
from runner.operations.session import Readied, Session
from runner.operations.state_keeper import StateKeeper


def announce(session: Session, plan: Plan, ready: Readied) -> None:
    """Says at the remote, and in our journal, that something may change from now on."""
    leases = session.leases_of(plan.target)
    lease = leases.held(plan.target)
    session.directory.journal.write(
        {
            "event": "intent",
            "target": str(plan.target),
            "fence": lease.fence,
            "nonce": lease.nonce,
            "commit": ready.source,
            "code": ready.code,
            "engine": str(ready.engine.identity.name),
            "engine_words": str(ready.engine.identity),
            "directory": ready.target.stack.directory,
            "file": _within(session.directory.path, ready.work.backend.file),
            "destroy": plan.destroy,
        }
    )
    intent = Intent(
        run=session.directory.id,
        purpose="destroy" if plan.destroy else "apply",
        code=ready.code,
        commit=ready.source,
        at=session.bench.clock.now(),
    )
    leases.announce(plan.target, intent)


def _within(run: Path, file: Path | None) -> str:
    """Where in the run's directory the state is; empty where the engine keeps it elsewhere."""
    return str(file.relative_to(run)) if file else ""


def apply(session: Session, plan: Plan, ready: Readied, *, ends: bool = False) -> TargetFinished:
    """Announces, applies exactly the saved plan, and records how it ended. Returns when it is at the remote. The
    plan is kept as the engine words it, for `show --raw`. `ends`: once destroyed, the target is over."""
    with session.slots:
        keep_plan(session, plan, ready)
    session.progress(plan.target, "announcing", "saying what is about to change")
    ready = _with_apply_identity(session, ready)
    lease = session.leases_of(plan.target).held(plan.target)
    # Before the intent: who is refused the state's own lock changes nothing, and leaves nothing to be recovered.
    ready.store.hold(plan.target, session.directory.id, lease.fence)
    try:
        close_former(session, ready)
        announce(session, plan, ready)
        return _carried_out(session, plan, ready, ends=ends)
    finally:
        ready.store.let_go(plan.target)


def _carried_out(session: Session, plan: Plan, ready: Readied, *, ends: bool) -> TargetFinished:
    # Until it has arrived at the record, the working directory may be all that there is of it.
    session.unrecorded.add(plan.target)
    try:
        try:
            applied, keeper = _applied(session, plan, ready)
        except Denied as refusal:
            return _refused(session, plan.target, refusal)
        session.directory.journal.write({"event": "applied", "target": str(plan.target), "ok": applied.ok})
        session.progress(plan.target, "recording", "writing the record")
        return record(session, Ending(plan=plan, ready=ready, applied=applied, keeper=keeper, ends=ends))
    except (RunnerError, OSError) as error:
        return not_recorded(session, plan.target, error)


def _refused(session: Session, target: TargetName, refusal: Denied) -> TargetFinished:
    """The engine looked again and began nothing: what was announced is over, and there is nothing to record."""
    with suppress(RunnerError):  # then the next run ends what was announced: nothing was begun in it
        session.leases_of(target).end(target)
        session.directory.journal.write(
            {"event": "recorded", "target": str(target), "delivery": Pushed.__name__}
        )
        session.unrecorded.discard(target)
        session.directory.clear(target)
    return TargetFinished(
        target=target,
        outcome="failed",
        because=refusal.diagnostics[0].message,
        diagnostics=refusal.diagnostics,
        exit_code=refusal.exit_code,
    )


def _with_apply_identity(session: Session, ready: Readied) -> Readied:
    """What was planned with the preview's credentials is applied with the apply's (law 4)."""
    child = session.bench.tools.child(ready.gates, "apply")
    for label, secret in child.secrets.items():
        session.redactor.add(secret, label)
    timeout = ready.target.stack.timeout or session.survey.gates.limits.lease
    work = replace(ready.work, environment=child.variables, timeout=timeout)
    return replace(ready, work=work, identity=child.identity)


def _applied(session: Session, plan: Plan, ready: Readied) -> tuple[Applied, StateKeeper]:
    leases, journal = session.leases_of(plan.target), session.directory.journal
    file = ready.work.backend.file or ready.work.scratch / "nowhere"
    keeper = StateKeeper(
        ready, file, session.survey.record, leases, partial(_states_wait, session, plan.target)
    )
    listen = _listener(session, plan)
    with session.slots:
        journal.write({"event": "applying", "target": str(plan.target)})
        if ready.work.backend.file is None:
            return _applied_elsewhere(session, plan, ready), keeper
        with keeper:
            return ready.engine.apply(ready.work, session.stop(plan.target), listen), keeper


def _applied_elsewhere(session: Session, plan: Plan, ready: Readied) -> Applied:
    with ProcessWatch(session, ready) as watch:
        listen = watch.listening(_listener(session, plan))
        applied = ready.engine.apply(ready.work, session.stop(plan.target), listen)
        left = "" if applied.ok else watch.left()
    return replace(applied, because=f"{applied.because}; {left}") if left else applied


def _states_wait(session: Session, target: TargetName, why: str) -> None:
    session.bench.tell(Noted(diagnostic=states_not_stored(target, session.redactor.text(why)), target=target))


class _Listener:
    """Counts and tells; every resource's start, provisioners and end are in the journal before they are told."""

    def __init__(self, session: Session, plan: Plan) -> None:
        counts = counted(plan.planned) if plan.planned else None
        self._total = sum((counts.create, counts.update, 2 * counts.replace, counts.delete)) if counts else 0
        self._session, self._plan, self._done = session, plan, 0

    def __call__(self, event: EngineEvent) -> None:
        target = self._plan.target
        if event.kind == "process":
            return
        with suppress(OSError), self._session.directory.log(target).open("a", encoding="utf-8") as log:
            log.write(event.text + "\n")
        if event.kind in ("start", "complete", "errored", "provisioning") and event.address:
            self._note(event)
        if event.kind in ("complete", "errored") and event.address:
            self._done += event.kind == "complete"
            self._session.bench.tell(
                ResourceApplied(
                    target=target,
                    address=event.address,
                    action=event.action,
                    id=event.id,
                    ok=event.kind == "complete",
                )
            )
        # What is complete was told just now, and what the engine announces is in the plan.
        if event.text and event.kind in ("start", "provisioning", "progress"):
            self._session.progress(target, "applying", event.text, self._done, self._total)

    def _note(self, event: EngineEvent) -> None:
        target = self._plan.target
        line = {"event": event.kind, "address": event.address, "action": event.action, "id": event.id}
        try:
            self._session.directory.journal.write({**line, "target": str(target)})
        except OSError as error:
            # What cannot be witnessed is not begun: the engine ends what is under way, and no more.
            if not self._session.stop(target).level:
                self._session.stop(target).request(f"its journal cannot be written: {error.strerror}")


def _listener(session: Session, plan: Plan) -> _Listener:
    return _Listener(session, plan)
