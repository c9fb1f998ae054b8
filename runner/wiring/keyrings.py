"""Keys of environments: where they are looked for, and what is made of them. Each is read once a command."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from threading import Lock

from msgspec import Struct, field

from runner.diagnostics import Diagnostic, Severity
from runner.errors import Denied, NoAnswer
from runner.git import Outbox, Refs, Unsent
from runner.git.repository import Repository
from runner.kit.crypto import KeyRing, generate, ring_of
from runner.kit.sealing import Sealer
from runner.ledger import Ledger
from runner.ledger.recorded_values import Values
from runner.model.environment import Gates
from runner.model.names import TargetName
from runner.model.references import Json
from runner.operations.tools import Record
from runner.vault import MadeKey
from runner.vault.keys import DataKeys, KeyPlaces
from runner.wiring.clouds import cloud_tool


class PlacedSealer(Struct, frozen=True, kw_only=True):
    """A Sealer by the ledger's own terms (ledger.recorded_values.Seal)."""

    sealer: Sealer

    def seal(self, target: TargetName, address: str, path: str, value: Json) -> str:
        """See Seal."""
        return self.sealer.seal(str(target), address, path, value)

    def open(self, target: TargetName, address: str, path: str, sealed: str) -> Json:
        """See Seal."""
        return self.sealer.open(str(target), address, path, sealed)


class Beginning(Struct, frozen=True, kw_only=True):
    """What an environment begins with: the id that its ledger is to have, and its first key, where one must be made."""

    ledger: str
    made: MadeKey | None


class KeyRings(Struct, frozen=True, kw_only=True):
    """The key rings of one command. `tell` says "back this up" when a key was made; `beginnings` are those of
    environments that have no ledger yet: nothing of them is kept anywhere before the first change."""

    repository: Repository
    variables: Mapping[str, str]
    tell: Callable[[Diagnostic], None]
    rings: dict[str, KeyRing] = field(default_factory=dict)
    beginnings: dict[str, Beginning] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)
    beginning: Lock = field(default_factory=Lock)

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
        """As `at_hand`; where the environment has no key yet, one of this command alone does, which binds nothing."""
        return self.at_hand(gates, refs, ledger) or ring_of(generate())

    def at_hand(self, gates: Gates, refs: Refs, ledger: Ledger) -> KeyRing | None:
        """The environment's keys; None where it has none, and no ledger either: then there is nothing to read.
        AskedWrongly `key-missing` where there is something and no key."""
        name = gates.environment
        with self.lock:
            if name not in self.rings:
                identity = ledger.identity(name)
                ring = self.places(gates, refs).ring(identity)
                if ring is None:
                    if identity:
                        self.places(gates, refs).needed(identity)
                    return None
                self.rings[name] = ring
            return self.rings[name]

    def foreseen(self, gates: Gates, refs: Refs, ledger: Ledger) -> None:
        """Has the keys at hand that a change needs; in an environment without a ledger, what it will begin with.
        AskedWrongly `key-missing`."""
        name = gates.environment
        if name in self.beginnings or ledger.identity(name):
            self.ring(gates, refs, ledger)
            return
        places = self.places(gates, refs)
        ring, made = places.ring(""), None
        if ring is None:
            made = self._generated(places)
            ring = ring_of(made.key)
        self.beginnings[name] = Beginning(ledger=secrets.token_hex(16), made=made)
        with self.lock:
            self.rings[name] = ring

    def begin(self, gates: Gates, record: Record) -> None:
        """See operations.tools.Tools."""
        name, ledger = gates.environment, record.ledger
        with self.beginning:
            foreseen = self.beginnings.get(name)
            if foreseen is None or ledger.identity(name) == foreseen.ledger:
                return
            alone = not ledger.identity(name) and self._kept(gates, record.refs, record.outbox)
            if not alone or ledger.open(name, foreseen.ledger) != foreseen.ledger:
                raise Denied.of(
                    "began-elsewhere",
                    f"somebody else began `{name}` while this run planned: its plans are bound to another ledger",
                    hint=f"`runner status env/{name}` shows what is live now; run it again",
                )

    def _kept(self, gates: Gates, refs: Refs, outbox: Outbox) -> bool:
        """Keeps the key that was foreseen, where it had to be made; False where another one is kept there by now. One
        of a key service is at the remote, wrapped, before it returns. NoAnswer `key-not-sent`."""
        name, places = gates.environment, self.places(gates, refs)
        made = self.beginnings[name].made
        if made and places.ring("") is None:
            places.keep(made)
            if made.path is not None:
                self.tell(_made(str(made.path), name))
            if made.edits:
                delivery = outbox.submit(made.edits).wait()
                if isinstance(delivery, Unsent):
                    hint = "`git push` to the ledger's remote must work; nothing was changed"
                    message = f"the wrapped key of `{name}` could not be sent: {delivery.message}"
                    raise NoAnswer.of("key-not-sent", message, hint=hint)
                refs.refresh([places.ref])
        standing = places.ring("")
        return standing is not None and standing.current.id == self.rings[name].current.id

    def identity(self, environment: str, ledger: Ledger) -> str:
        """The id of the environment's ledger, or the one that it will have; empty where nothing is to begin."""
        foreseen = self.beginnings.get(environment)
        return ledger.identity(environment) or (foreseen.ledger if foreseen else "")

    def sealer(self, gates: Gates, refs: Refs, ledger: Ledger) -> Sealer:
        """Seals values and makes fingerprints."""
        name = gates.environment
        return Sealer(self.ring(gates, refs, ledger), self.identity(name, ledger), name)

    def values(self, gates: Gates, refs: Refs, ledger: Ledger) -> Values:
        """How the ledger keeps attribute values."""
        if gates.ledger_values != "sealed":
            return Values(mode=gates.ledger_values)
        return Values(mode="sealed", seal=PlacedSealer(sealer=self.sealer(gates, refs, ledger)))

    def _generated(self, places: KeyPlaces) -> MadeKey:
        """A first key. One file serves all environments without a key of their own, and so does what it will hold."""
        made = places.generated()
        others = (each.made for each in self.beginnings.values())
        return next((each for each in others if each and each.path and each.path == made.path), made)

    def _data_keys(self, gates: Gates) -> DataKeys | None:
        if gates.key is None or gates.key.kind != "kms":
            return None
        tool: DataKeys = cloud_tool("keys")(cloud_tool("cloud")(self.variables), gates.key.value)
        return tool


def _made(path: str, environment: str) -> Diagnostic:
    return Diagnostic(
        code="key-made",
        message=f"a key was made for this clone's states: `{path}`",
        hint=f"back this up: without it nobody can read the states again (`runner key export {environment}`)",
        severity=Severity.WARNING,
    )
