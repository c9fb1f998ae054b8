"""The tools that run engines, and open and seal states, values and secrets, of one repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Lock

from runner.config.configuration import GatesConfiguration
from runner.diagnostics import Diagnostic
from runner.engine import Engine
from runner.engine.brands import BRANDS
from runner.engine.discovery import Discovery
from runner.engine.embedded import embedded_library
from runner.git import Refs
from runner.git.repository import Repository
from runner.kit.clock import Clock
from runner.ledger import Ledger
from runner.ledger.recorded_values import Values
from runner.model.environment import Gates, StateBackend, StateSettings
from runner.model.names import TargetName
from runner.model.references import SecretReference
from runner.model.stack import EngineWish
from runner.operations.tools import ChildView, Record
from runner.vault import EnvironmentKeys, KeptPlans, StateStore
from runner.vault.state_seal import StateSeal
from runner.wiring.children import child_view
from runner.wiring.engines import conductor, installed, provider_sources
from runner.wiring.kept_plan_places import kept_plans_of
from runner.wiring.keyrings import KeyRings
from runner.wiring.secrets import Secrets, secrets_of
from runner.wiring.state_stores import StoreNeeds, sealed_objects_in, store_of


class SealedWorkshop:
    """See operations.tools.Workshop. `note` takes what a person should read."""

    def __init__(
        self,
        repository: Repository,
        variables: Mapping[str, str],
        clock: Clock,
        discovery: Discovery,
        note: Callable[[Diagnostic], None],
    ) -> None:
        self.repository = repository
        self._variables = variables
        self._clock = clock
        self._note = note
        self._discovery = discovery
        self._keys = KeyRings(repository=repository, variables=variables, tell=note)
        self._lock = Lock()
        self._engines: dict[EngineWish, Engine] = {}
        self._secrets: dict[str, Secrets] = {}
        self._kept: dict[str, KeptPlans] = {}
        self._children: dict[tuple[str, str], ChildView] = {}

    def values(self, gates: Gates, refs: Refs, ledger: Ledger) -> Values:
        """How the ledger keeps attribute values."""
        return self._keys.values(gates, refs, ledger)

    def engine(self, wish: EngineWish, gates: GatesConfiguration) -> Engine:
        """See Workshop."""
        with self._lock:
            if wish not in self._engines:
                program = self._discovery.choose(wish)
                for notice in program.notices:
                    self._note(notice)
                sources = provider_sources(gates.engines.get(wish.name), self.repository.root)
                self._engines[wish] = conductor(wish.name)(program, sources)
            return self._engines[wish]

    def states(self, gates: Gates, settings: StateSettings, record: Record) -> StateStore:
        """See Workshop."""
        needs = StoreNeeds(
            repository=self.repository,
            variables=self._variables,
            clock=self._clock,
            refs=record.refs,
            seal=lambda: self._seal(gates, record),
        )
        return store_of(settings, needs)

    def child(self, gates: Gates, purpose: str) -> ChildView:
        """See Workshop. The credentials of a role end within the hour: each target gets its own."""
        key = (gates.environment, purpose)
        with self._lock:
            if key in self._children:
                return self._children[key]
        view = child_view(self._variables, gates, purpose)
        if not view.temporary:
            with self._lock:
                self._children[key] = view
        return view

    def secret(self, gates: Gates, reference: SecretReference) -> str:
        """See Workshop."""
        with self._lock:
            if gates.environment not in self._secrets:
                self._secrets[gates.environment] = secrets_of(self._variables, gates)
            return self._secrets[gates.environment].value(reference)

    def equip(self, gates: Gates, record: Record) -> None:
        """See Workshop."""
        self._keys.foreseen(gates, record.refs, record.ledger)

    def begin(self, gates: Gates, record: Record) -> None:
        """See Workshop."""
        self._keys.begin(gates, record)

    def fingerprint(self, gates: Gates, record: Record) -> Callable[[bytes], str]:
        """See Workshop."""
        return self._keys.sealer(gates, record.refs, record.ledger).fingerprint

    def passphrase(self, gates: Gates, record: Record, target: TargetName) -> str:
        """See Workshop."""
        return self._keys.sealer(gates, record.refs, record.ledger).passphrase(str(target))

    def kept_plans(self, gates: Gates, record: Record) -> KeptPlans:
        """See Workshop."""
        with self._lock:
            if gates.environment not in self._kept:
                keys = self._keys.at_hand(gates, record.refs, record.ledger)
                ledger = self._keys.identity(gates.environment, record.ledger)
                places = self.repository.git_directory
                self._kept[gates.environment] = kept_plans_of(gates, self._variables, places, keys, ledger)
            return self._kept[gates.environment]

    def key_places(self, gates: Gates, record: Record) -> EnvironmentKeys:
        """See Workshop."""
        return self._keys.places(gates, record.refs)

    def sealed_elsewhere(self, gates: Gates) -> Iterator[tuple[str, bytes]]:
        """See Workshop."""
        if gates.state is not None and gates.state.backend is StateBackend.S3:
            yield from sealed_objects_in(gates.state, gates.environment, self._variables)

    def install(self, engine: str) -> str:
        """See Workshop."""
        return installed(engine, Path(self._variables.get("HOME", "~")).expanduser())

    def embedded_engine(self) -> str:
        """See Workshop."""
        packages = (brand.embedded for brand in BRANDS.values() if brand.embedded)
        return ", ".join(str(found) for package in packages if (found := embedded_library(package)))

    def _seal(self, gates: Gates, record: Record) -> StateSeal:
        ring = self._keys.ring(gates, record.refs, record.ledger)
        return StateSeal(keys=ring, ledger=self._keys.identity(gates.environment, record.ledger))
