"""Locks of an engine's own that a dead run left: recognised by the process that our lease names, cleared on the record.

Only engines whose locks have no end (LockKeeper), and only where the engine keeps the state: a backend of ours is
private to its run. The process is in the run's journal before it can have locked anything, and soon after in the
intent at the remote, so that a lock is recognised from another machine too; any other lock is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Self

from msgspec.structs import replace

from runner.decisions.left_locks import DeadProcess, left_by
from runner.diagnostics import Diagnostic, Severity
from runner.engine import EngineEvent, EngineLock, Listener, LockKeeper, Workspace
from runner.errors import RunnerError
from runner.kit.stop import Stop
from runner.model.happening import Noted
from runner.model.names import TargetName
from runner.operations.as_applied import where_it_stands
from runner.operations.session import Readied, Session
from runner.operations.workplace import laid_out, readied_engine, workspace_of


class ProcessWatch:
    """Has the journal and the intent name the engine's process of one target. While the block lasts, `listening` does
    it; nothing waits for the remote but the block's end."""

    def __init__(self, session: Session, ready: Readied) -> None:
        self._session, self._ready, self._target = session, ready, ready.target.name
        self._keeps = ready.work.backend.file is None and isinstance(ready.engine, LockKeeper)
        self._sending: Future[None] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="intent")
        self.dead: DeadProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True)

    def listening(self, listen: Listener) -> Listener:
        """`listen`, but for what is told of processes."""

        def told(event: EngineEvent) -> None:
            if event.kind != "process":
                listen(event)
            elif self._keeps:
                self._begun(int(event.id))

        return told

    def left(self) -> str:
        """Clears what the engine left locked when it was killed; in words, empty for nothing."""
        engine = self._ready.engine
        if self.dead is None or not isinstance(engine, LockKeeper):
            return ""
        return _cleared(self._session, self._target, engine, self._ready.work, self.dead)

    def _begun(self, process: int) -> None:
        lease = self._session.leases_of(self._target).held(self._target)
        now = self._session.bench.clock.now()
        self._session.directory.journal.write(
            {
                "event": "process",
                "target": str(self._target),
                "process": process,
                "host": lease.host,
                "at": now.isoformat(),
            }
        )
        self.dead = DeadProcess(host=lease.host, process=process, since=now)
        self._pool.submit(self._announce, process)

    def _announce(self, process: int) -> None:
        leases = self._session.leases_of(self._target)
        with suppress(RunnerError):  # the journal has it, and the lease says by itself when it is lost
            if intent := leases.held(self._target).intent:
                leases.announce(self._target, replace(intent, process=process))


def cleared_of(session: Session, name: TargetName, dead: DeadProcess | None) -> str:
    """Clears what the dead process of another run left locked in `name`; in words, empty for nothing."""
    if dead is None or not dead.process:
        return ""
    try:
        there, target = where_it_stands(session, name)
        engine = readied_engine(there, name, None)
        laid = laid_out(there, there.survey, target, purpose="unlock")
        if laid.backend.file is not None or not isinstance(engine, LockKeeper):
            return ""
        work, _ = workspace_of(there, target, laid, engine, "apply")
    except RunnerError as error:
        _left(session, name, error)
        return ""
    return _cleared(session, name, engine, work, dead)


def _cleared(
    session: Session, name: TargetName, engine: LockKeeper, work: Workspace, dead: DeadProcess
) -> str:
    try:
        found = [
            lock
            for lock in engine.locks(work, Stop())
            if left_by(dead, host=lock.host, process=lock.pid, moment=lock.since)
        ]
        gone = [lock for lock in found if engine.unlock(work, lock, Stop())]
    except RunnerError as error:
        _left(session, name, error)
        return ""
    if not gone:
        return ""
    words = f"the engine's own lock that it left was removed: {_listed(gone)}"
    told = Diagnostic(code="engine-lock-cleared", message=f"`{name}`: {words}", severity=Severity.WARNING)
    session.bench.tell(Noted(diagnostic=told, target=name))
    return words


def _left(session: Session, name: TargetName, error: RunnerError) -> None:
    told = Diagnostic(
        code="engine-lock-left",
        message=f"whether a dead run left `{name}` locked by its engine cannot be seen: "
        + session.redactor.text(error.diagnostics[0].message),
        hint="the next apply says who has the lock; when nobody works there: the engine's own `cancel`",
        severity=Severity.WARNING,
    )
    session.bench.tell(Noted(diagnostic=told, target=name))


def _listed(locks: Sequence[EngineLock]) -> str:
    return ", ".join(f"{lock.id} (process {lock.pid} on {lock.host}, since {lock.since})" for lock in locks)
