"""One run: what its targets share, from the first plan to the last entry."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from threading import BoundedSemaphore, Lock

from msgspec import Struct, field

from runner.decisions.closure import Closure
from runner.diagnostics import Diagnostic
from runner.engine import Engine, Workspace
from runner.kit.redaction import Redactor
from runner.kit.stop import Stop
from runner.ledger import Leases
from runner.model.approval import Vouched
from runner.model.change import Output
from runner.model.entry import Actor, Deployment, Reading, StoredState
from runner.model.environment import Gates
from runner.model.happening import Noted, TargetProgress
from runner.model.names import TargetName
from runner.model.plan import Plan, StateFacts
from runner.model.references import Inputs
from runner.model.target import Target
from runner.operations.bench import Bench
from runner.operations.run_directory import RunDirectory
from runner.operations.survey import Survey, gates_of
from runner.operations.values import Resolved
from runner.vault import StateStore

AT_ONCE = 4
"""Targets that are thought about at once: with all of them, the first engine would wait for the last thought."""


class Readied(Struct, frozen=True, kw_only=True):
    """A target made ready for an engine. `named` is the state that the record names, `before` what it says; `written`
    are the inputs as written, `values` what they come to, `read` what is read of others for it; `closure` has its
    modules as fetched; `source` is the commit its code comes from; `identity` the credentials' name for the record;
    `previous` what was live."""

    target: Target
    gates: Gates
    engine: Engine
    work: Workspace
    store: StateStore
    named: StoredState | None
    before: StateFacts
    values: Resolved
    written: Inputs
    closure: Closure
    source: str
    identity: str
    previous: Deployment | None
    read: Mapping[TargetName, Reading]

    @property
    def code(self) -> str:
        """The code digest."""
        return self.closure.code

    @property
    def settings(self) -> str:
        """The digest of the configuration's keys that reach the target."""
        return self.closure.settings


class Session(Struct, frozen=True, kw_only=True):
    """What a run's targets share. `slots` limits how many engines work at once, `desks` for how many targets it is
    found out what an engine has to do. `taking` are leases on their way. `outputs` are those of targets that this run
    has applied, `read` those that it has read, by the entry that names their state, each read once; `planned` holds its
    plans so far, `readied` what applying them needs; `applied` are the targets that are done with, so that their
    outputs are what is live; `declined` those that a person said no to; `unrecorded` those whose outcome has not
    arrived at the record: their working directories stay; `vouched`: who let a target's plan be applied, as the forge
    confirms."""

    bench: Bench
    survey: Survey
    directory: RunDirectory
    redactor: Redactor
    slots: BoundedSemaphore
    desks: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(AT_ONCE))
    actor: Actor
    leases: dict[str, Leases] = field(default_factory=dict)
    taking: list[Future[None]] = field(default_factory=list)
    overrides: Mapping[str, str] = field(default_factory=dict)
    outputs: dict[TargetName, Mapping[str, Output]] = field(default_factory=dict)
    read: dict[tuple[TargetName, str], Mapping[str, Output]] = field(default_factory=dict)
    planned: dict[TargetName, Plan] = field(default_factory=dict)
    readied: dict[TargetName, Readied] = field(default_factory=dict)
    stops: dict[TargetName, Stop] = field(default_factory=dict)
    applied: set[TargetName] = field(default_factory=set)
    declined: set[TargetName] = field(default_factory=set)
    unrecorded: set[TargetName] = field(default_factory=set)
    vouched: dict[TargetName, Vouched] = field(default_factory=dict)
    noted: set[tuple[TargetName, str]] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)

    def gates(self, environment: str) -> Gates:
        """The gates of an environment."""
        return gates_of(self.survey, environment)

    def live(self, target: TargetName) -> Deployment | None:
        """What the ledger says of `target`."""
        return self.survey.record.ledger.live(target.environment).get(target.stack)

    def basis(self, target: TargetName) -> tuple[Deployment | None, ...]:
        """What the ledger says of `target` and of what it needs: a plan of it holds while this is the same."""
        upstreams = (edge.target for edge in self.survey.edges.get(target, ()))
        return tuple(self.live(name) for name in (target, *upstreams))

    def note(self, target: TargetName, diagnostic: Diagnostic) -> None:
        """Tells something of a target once, however often it is planned."""
        with self.lock:
            if (said := (target, str(diagnostic))) in self.noted:
                return
            self.noted.add(said)
        self.bench.tell(Noted(diagnostic=diagnostic, target=target))

    def progress(self, target: TargetName, phase: str, text: str, done: int = 0, total: int = 0) -> None:
        """Tells a line of progress, free of secrets."""
        safe = self.redactor.text(text)
        self.bench.tell(TargetProgress(target=target, phase=phase, text=safe, done=done, total=total))

    def stop(self, target: TargetName) -> Stop:
        """The target's own stop: the run's requests reach it, and a lost lease stops it alone."""
        with self.lock:
            if target not in self.stops:
                self.stops[target] = Stop()
                for _ in range(self.bench.stop.level):
                    self.stops[target].request()
            return self.stops[target]

    def pass_on(self, level: int) -> None:
        """Hands a request to stop the whole run to every target."""
        with self.lock:
            for own in self.stops.values():
                while own.level < level:
                    own.request()

    def under_lease(self) -> None:
        """Returns when all leases that the run wants are ours, and the record was read under them; at once in a run
        that wants none. LeaseHeld, OutcomeUnknown, NoAnswer, HistoryMoved: they are not, and nothing was begun."""
        for each in self.taking:
            each.result()

    def leases_of(self, target: TargetName) -> Leases:
        """The run's leases in the target's environment; a run that only previews has none, and asking is a bug."""
        return self.leases[target.environment]
