"""The record of a repository: its refs, outbox, ledger and leases, at a remote or in this clone."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from runner.cloud import ObjectStore
from runner.config.configuration import GatesConfiguration, LedgerSettings
from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly
from runner.git import Refs
from runner.git.history import CloneHistory
from runner.git.outbox import GroupedOutbox, LocalOutbox, RemoteOutbox
from runner.git.place import RefNaming
from runner.git.refs import LocalRefs, RemoteRefs
from runner.git.repository import Repository
from runner.kit.clock import Clock
from runner.kit.tree import Tree
from runner.ledger import Leases, Ledger
from runner.ledger.book import Book, Place
from runner.ledger.pending_applies import GitPendingApplies
from runner.ledger.recorded_values import Values
from runner.ledger.taking import Terms
from runner.ledger.verification import Signing
from runner.model.environment import Gates, StateSettings
from runner.operations.tools import LeaseTerms, Record
from runner.wiring.clouds import bucket_of
from runner.wiring.lease_stores import LeaseNeeds, leases_of


class Records(Struct, frozen=True, kw_only=True):
    """Opens a record once a command for each place. `values` says how an environment's are kept, with the key that it
    takes; `tell` takes what a person should read."""

    repository: Repository
    variables: Mapping[str, str]
    clock: Clock
    values: Callable[[Gates, Refs, Ledger], Values]
    tell: Callable[[Diagnostic], None]
    known: dict[str, Record] = field(default_factory=dict)
    outboxes: dict[str, GroupedOutbox] = field(default_factory=dict)
    buckets: dict[StateSettings, ObjectStore] = field(default_factory=dict)

    def opened(self, remote: str, gates: GatesConfiguration, law: Tree) -> Record:
        """The record at `remote`; in this clone where that is empty."""
        settings = gates.ledger
        if remote in self.known:
            return self.known[remote]
        naming = RefNaming(branches=settings.refs == "branches")
        repository = self.repository
        outbox: GroupedOutbox = (
            RemoteOutbox(repository, remote, naming) if remote else LocalOutbox(repository, naming)
        )
        refs = RemoteRefs(repository, remote, naming) if remote else LocalRefs(repository, naming)
        place = Place(
            name=f"remote/{remote}" if remote else "local", directory=repository.git_directory / "runner"
        )

        def values(environment: str) -> Values:
            return self.values(_gates(gates, environment), refs, ledger)

        ledger = Book(
            refs,
            CloneHistory(repository),
            outbox,
            place,
            signing=self._signing(settings, law),
            values=values,
        )
        self.outboxes[remote] = outbox
        pending = GitPendingApplies(refs, outbox)
        self.known[remote] = Record(remote=remote, refs=refs, outbox=outbox, ledger=ledger, pending=pending)
        return self.known[remote]

    def _signing(self, settings: LedgerSettings, law: Tree) -> Signing:
        able = self.repository.signing() is not None
        return Signing(
            write=settings.sign == "required" or (settings.sign == "auto" and able),
            required=settings.sign == "required",
            signers=_signers(settings.signers, law),
        )

    def leases(self, record: Record, terms: LeaseTerms) -> Leases:
        """The leases of one run."""
        own = Terms(
            holder=terms.holder or "unknown",
            host=socket.gethostname(),
            term=terms.gates.leases.term,
            dead=terms.dead,
            floor=record.ledger.fence,
            on_lost=terms.on_lost,
            on_stop=terms.on_stop,
            watching=self.tell,
        )
        needs = LeaseNeeds(record=record, clock=self.clock, bucket=self._bucket)
        return leases_of(terms.gates, own, needs)

    def _bucket(self, settings: StateSettings) -> ObjectStore:
        """Opened once a command: a client costs more than what is asked of it."""
        if settings not in self.buckets:
            self.buckets[settings] = bucket_of(settings, self.variables)
        return self.buckets[settings]


def _gates(gates: GatesConfiguration, environment: str) -> Gates:
    return gates.environments.get(environment) or replace(gates.defaults, environment=environment)


def _signers(path: str, law: Tree) -> bytes | None:
    """The allowed signers, from the commit whose gates hold. AskedWrongly where the file is not there."""
    if not path:
        return None
    if law.node(path) is None:
        raise AskedWrongly.of(
            "signers-missing",
            f"`ledger.signers` names `{path}`, which is not in the commit whose gates hold",
            hint="commit it on the default branch, or take the key away",
        )
    return law.read(path)
