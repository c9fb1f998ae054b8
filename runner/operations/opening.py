"""A run is opened: its directory, its leases, its journal; and closed so that nothing of it is lost or left about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import BoundedSemaphore

from runner.diagnostics import Diagnostic, Severity
from runner.kit.machine import processors
from runner.kit.redaction import Redactor
from runner.ledger import Leases
from runner.model.entry import NOBODY, Actor
from runner.model.happening import Noted
from runner.model.lease import Lease
from runner.model.names import TargetName
from runner.operations.bench import Bench
from runner.operations.run_directory import (
    RunDirectory,
    clear_what_never_began,
    forget_old_runs,
    has_died,
)
from runner.operations.session import Session
from runner.operations.survey import Survey
from runner.operations.tools import LeaseTerms

DEFAULT_JOBS = 4
_NOT_RECORDED = frozenset({"preview", "outputs", "state pull", "state list", "state versions", "recover"})
"""Runs that name nobody on the record, or are part of one that does."""


@contextmanager
def opened(
    bench: Bench,
    whole: Survey,
    verb: str,
    *,
    jobs: int = 0,
    overrides: Mapping[str, str] | None = None,
    actor: Actor | None = None,
) -> Iterator[Session]:
    """A session for one run. `jobs` engines at once (0: as many as there are processors for us, at least DEFAULT_JOBS).
    `actor` None: as Git says. On the way out working directories are cleared, unless something in them is not
    recorded."""
    git_directory = bench.tools.repository.git_directory
    clear_what_never_began(git_directory)
    forget_old_runs(git_directory)
    directory = RunDirectory.begin(git_directory, bench.clock.now(), verb, whole.revision.commit)
    session = Session(
        bench=bench,
        survey=whole,
        directory=directory,
        redactor=Redactor(),
        slots=BoundedSemaphore(jobs or max(DEFAULT_JOBS, processors())),
        actor=actor or bench.tools.actor(),
        overrides=overrides or {},
    )
    if session.actor.name == NOBODY and verb not in _NOT_RECORDED:
        bench.tell(Noted(diagnostic=_nobody()))
    with bench.stop.listening(session.pass_on):
        try:
            yield session
        finally:
            wait(session.taking)
            for leases in session.leases.values():
                leases.release_all()
            if session.unrecorded:
                directory.leave()
            else:
                directory.end("ended")


def _nobody() -> Diagnostic:
    return Diagnostic(
        code="actor-unknown",
        message=f"Git does not know who you are, so the record names nobody: the actor is `{NOBODY}`",
        hint="`git config user.email you@example.com` says it",
        severity=Severity.WARNING,
    )


def take_leases(session: Session, targets: Iterable[TargetName]) -> None:
    """Opens the ledgers that are not there yet, and takes the leases of `targets`, one push an environment; the
    session gives back what is still held at its end. LeaseHeld, OutcomeUnknown: nothing was begun.
    """
    by_environment = _by_environment(targets)
    _equip(session, by_environment)
    for environment in by_environment:
        session.bench.tools.begin(session.gates(environment), session.survey.record)
    _take(session, by_environment)


def begin_taking(session: Session, targets: Iterable[TargetName]) -> None:
    """As `take_leases`, but opens no ledger, and returns while the leases are on their way: `session.under_lease` waits
    for them. Where one is not to be had, the engines that plan `targets` are stopped."""
    names = sorted(targets)
    by_environment = _by_environment(names)
    _equip(session, by_environment)

    def stop_plans(taking: Future[None]) -> None:
        if taking.exception():
            for name in names:
                session.stop(name).request("its lease is not to be had")

    pool = ThreadPoolExecutor(1, thread_name_prefix="leases")
    taking = pool.submit(_take, session, by_environment)
    taking.add_done_callback(stop_plans)
    session.taking.append(taking)
    pool.shutdown(wait=False)


def _by_environment(targets: Iterable[TargetName]) -> dict[str, list[TargetName]]:
    by_environment: dict[str, list[TargetName]] = {}
    for name in sorted(targets):
        by_environment.setdefault(name.environment, []).append(name)
    return by_environment


def _equip(session: Session, environments: Iterable[str]) -> None:
    """Before anything is taken or planned: a missing key touches nothing."""
    for environment in environments:
        session.bench.tools.equip(session.gates(environment), session.survey.record)


def _take(session: Session, by_environment: Mapping[str, Sequence[TargetName]]) -> None:
    for environment, names in by_environment.items():
        leases = leases_for(session, environment)
        session.leases[environment] = leases
        leases.take(names, session.directory.id)
    session.survey.record.ledger.refresh(sorted(by_environment))


def leases_for(session: Session, environment: str, *, gone: str = "") -> Leases:
    """The leases of a run in one environment; a lost one stops its target's engine at once (law 7). `gone` is a dead
    run whose directory we hold ourselves, so that its lock says nothing any more."""
    bench = session.bench

    def lost(target: TargetName) -> None:
        diagnostic = Diagnostic(
            code="lease-lost",
            message=f"the lease of `{target}` could not be renewed in time: its engine is being stopped",
            hint="`runner locks` shows who holds it",
        )
        bench.tell(Noted(diagnostic=diagnostic, target=target))
        session.stop(target).request("its lease was lost")

    def cancelled(because: str) -> None:
        diagnostic = Diagnostic(
            code="run-cancelled",
            message=f"{because}: this run was asked to stop",
            hint="what is under way is finished and recorded, and nothing more is begun",
            severity=Severity.WARNING,
        )
        bench.tell(Noted(diagnostic=diagnostic))
        if not bench.stop.level:  # a second time would be "now"
            bench.stop.request(f"cancelled by {because}")

    def dead(lease: Lease) -> bool:
        return lease.run == gone or has_died(bench.tools.repository.git_directory, lease.run)

    terms = LeaseTerms(
        holder=session.actor.name,
        gates=session.gates(environment),
        on_lost=lost,
        on_stop=cancelled,
        dead=dead,
    )
    return bench.tools.leases(session.survey.record, terms)
