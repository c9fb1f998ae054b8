"""Keys of environments: where they are looked for, and what is made of them. Each is read once a command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from runner.diagnostics import Diagnostic, Severity
from runner.errors import NoAnswer
from runner.git import Outbox, Refs, Unsent
from runner.git.repository import Repository
from runner.kit.crypto import KeyRing, generate, ring_of
from runner.kit.sealing import Sealer
from runner.ledger import Ledger
from runner.ledger.recorded_values import Values
from runner.model.environment import Gates
from runner.model.names import TargetName
from runner.model.references import Json
from runner.vault.keys import DataKeys, KeyPlaces
from runner.wiring.clouds import cloud_tool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedSealer:
    """A Sealer by the ledger's own terms (ledger.recorded_values.Seal)."""

    sealer: Sealer

    def seal(self, target: TargetName, address: str, path: str, value: Json) -> str:
        """See Seal."""
        return self.sealer.seal(str(target), address, path, value)

    def open(self, target: TargetName, address: str, path: str, sealed: str) -> Json:
        """See Seal."""
        return self.sealer.open(str(target), address, path, sealed)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRings:
    """The key rings of one command. `tell` says "back this up" when a key was made."""

    repository: Repository
    variables: Mapping[str, str]
    tell: Callable[[Diagnostic], None]
    rings: dict[str, KeyRing] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def places(self, gates: Gates, refs: Refs) -> KeyPlaces:
        """Where the environment's keys may be."""
        return KeyPlaces(
            environment=gates.environment,
            source=gates.key,
            variables=self.variables,
            git_directory=self.repository.git_directory,
            root=self.repository.root,
            refs=refs,
            data_keys=self._data_keys(gates),
        )

    def ring(self, gates: Gates, refs: Refs, ledger: Ledger) -> KeyRing:
        """The environment's keys. Where there is no ledger yet there is nothing to read: then a key of this command
        alone does, which binds nothing. AskedWrongly `key-missing` where there is something and no key."""
        name = gates.environment
        with self.lock:
            if name not in self.rings:
                identity = ledger.identity(name)
                ring = self.places(gates, refs).ring(identity)
                if ring is None:
                    if identity:
                        self.places(gates, refs).needed(identity)
                    return ring_of(generate())
                self.rings[name] = ring
            return self.rings[name]

    def first(self, gates: Gates, refs: Refs, outbox: Outbox) -> None:
        """Makes an environment's first key where none is at hand (DESIGN, section 4, Keys). One of a key service is at
        the remote, wrapped, before it returns; where another machine was first, that one's key is the key. NoAnswer
        `key-not-sent`."""
        places = self.places(gates, refs)
        if places.ring("") is not None:
            return
        made = places.make()
        if made.path is not None:
            self.tell(_made(str(made.path)))
        if made.edits:
            delivery = outbox.submit(made.edits).wait()
            if isinstance(delivery, Unsent):
                hint = "`git push` to the ledger's remote must work; nothing was changed"
                message = f"the wrapped key of `{gates.environment}` could not be sent: {delivery.message}"
                raise NoAnswer.of("key-not-sent", message, hint=hint)
            refs.refresh([places.ref])

    def sealer(self, gates: Gates, refs: Refs, ledger: Ledger) -> Sealer:
        """Seals values and makes fingerprints."""
        return Sealer(self.ring(gates, refs, ledger), ledger.identity(gates.environment), gates.environment)

    def values(self, gates: Gates, refs: Refs, ledger: Ledger) -> Values:
        """How the ledger keeps attribute values."""
        if gates.ledger_values != "sealed":
            return Values(mode=gates.ledger_values)
        return Values(mode="sealed", seal=PlacedSealer(sealer=self.sealer(gates, refs, ledger)))

    def _data_keys(self, gates: Gates) -> DataKeys | None:
        if gates.key is None or gates.key.kind != "kms":
            return None
        tool: DataKeys = cloud_tool("keys")(cloud_tool("cloud")(self.variables), gates.key.value)
        return tool


def _made(path: str) -> Diagnostic:
    return Diagnostic(
        code="key-made",
        message=f"a key was made for this clone's states: `{path}`",
        hint="back this up: without it nobody can read the states again (`runner key export`)",
        severity=Severity.WARNING,
    )
