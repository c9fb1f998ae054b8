"""What the bench holds: one protocol for all that `wiring` chooses. Operations see nothing of brands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from runner.config.configuration import GatesConfiguration
from runner.engine import Engine
from runner.forge import Forge
from runner.git import Delivery, Outbox, Refs
from runner.git.keeping import KeptSubmission
from runner.kit.stop import Stop
from runner.kit.tree import Tree
from runner.ledger import Leases, Ledger, PendingApplies
from runner.model.entry import Actor
from runner.model.environment import Gates, StateSettings
from runner.model.lease import Lease
from runner.model.names import TargetName
from runner.model.references import Json, SecretReference
from runner.model.rumour import Rumour
from runner.model.stack import EngineWish
from runner.notice import Notices
from runner.operations.code_tools import CodeTools
from runner.vault import EnvironmentKeys, KeptPlans, StateStore


class Record(Struct, frozen=True, kw_only=True):
    """The record of one repository, opened: `remote` is where it lives, empty for this clone."""

    remote: str
    refs: Refs
    outbox: Outbox
    ledger: Ledger
    pending: PendingApplies


class ChildView(Struct, frozen=True, kw_only=True):
    """What an engine's child gets of the world: `variables` are all of them; `identity` names the credentials for the
    record; `secrets` are values that must never be seen. `temporary`: they end by themselves, so that each target is
    to have its own."""

    variables: Mapping[str, str]
    identity: str
    secrets: Mapping[str, str]
    temporary: bool = False


class LeaseTerms(Struct, frozen=True, kw_only=True):
    """How leases are taken: `holder` for people to read; `on_lost` and `on_stop` are called from the renewing thread,
    the latter with who asks the run to stop, and why; `dead` says that a lease's holder is known to be gone (a run of
    this very clone whose lock is free)."""

    holder: str
    gates: Gates
    on_lost: Callable[[TargetName], None]
    on_stop: Callable[[str], None]
    dead: Callable[[Lease], bool]


_Kind = TypeVar("_Kind")


class Part(Generic[_Kind]):
    """A part of the program that most runs do without, by its name in wiring's table."""

    def __init__(self, name: str) -> None:
        self.name = name


class Workshop(Protocol):
    """What runs engines, and opens and seals: verbs that only look never enter it."""

    def engine(self, wish: EngineWish, gates: GatesConfiguration) -> Engine:
        """The first program that meets every constraint, the same one for the whole run."""

    def equip(self, gates: Gates, record: Record) -> None:
        """Has at hand what a change of the environment is bound to: its key and its ledger's id; for one that has no
        ledger yet, what `begin` will keep. AskedWrongly `key-missing`."""

    def begin(self, gates: Gates, record: Record) -> None:
        """Keeps the key and opens the ledger that `equip` foresaw, where the environment has none yet: what its first
        change needs, and nothing else does. Denied `began-elsewhere` where somebody else was first."""

    def states(self, gates: Gates, settings: StateSettings, record: Record) -> StateStore:
        """The store of an environment's states."""

    def child(self, gates: Gates, purpose: str) -> ChildView:
        """The listed environment of a child; `purpose` is preview or apply."""

    def secret(self, gates: Gates, reference: SecretReference) -> str:
        """Resolves a secret, or says why not (gate `allow.secrets` is judged before)."""

    def fingerprint(self, gates: Gates, record: Record) -> Callable[[bytes], str]:
        """The keyed HMAC of secrets, for digests."""

    def passphrase(self, gates: Gates, record: Record, target: TargetName) -> str:
        """Ours for what an engine itself seals in the state of `target`; it stays when keys are rotated."""

    def kept_plans(self, gates: Gates, record: Record) -> KeptPlans:
        """The plans of an environment that this clone keeps for its next preview, under the environment's key, or under
        one of this clone where there is none yet. Nothing that applies reads them (law 12)."""

    def key_places(self, gates: Gates, record: Record) -> EnvironmentKeys:
        """Where the keys of an environment may be, with what the record's remote holds of them."""

    def sealed_elsewhere(self, gates: Gates) -> Iterator[tuple[str, bytes]]:
        """The sealed objects that are kept of an environment outside the record's refs (S3): place and bytes."""

    def embedded_engine(self) -> str:
        """Where the engine that comes as a Python package lies; empty where it is not installed."""

    def install(self, engine: str) -> str:
        """Fetches the engine of that name for this user; what was done, in words. AskedWrongly where none is fetched
        under that name, or one is there."""


class Tools(CodeTools, Workshop, Protocol):
    """The tools of one repository."""

    def foresee(self, wishes: Iterable[EngineWish] = ()) -> None:
        """The workshop will be entered, and engines like these asked for: whatever takes time of it may begin."""

    def record(self, remote: str, gates: GatesConfiguration, law: Tree) -> Record:
        """Opens the record at `remote` (empty: this clone), as `gates` of the tree `law` say."""

    def leases(self, record: Record, terms: LeaseTerms) -> Leases:
        """Leases of one run."""

    @property
    def provider_cache(self) -> Path | None:
        """Where provider plugins are kept between runs; None: nowhere."""

    def forge(self, gates: GatesConfiguration, remote: str, stop: Stop) -> Forge:
        """The forge that `remote` is on, as `gates` and our environment say, or one that is nowhere, with the reason.
        `stop` ends its waiting. Nothing is asked of it yet. AskedWrongly where `forge:` is wrong."""

    def notices(self) -> Notices:
        """How people are told. ToolUnavailable where the extra `notify` is not installed."""

    def part(self, part: Part[_Kind]) -> _Kind:
        """Imports it."""

    def heard(self) -> Rumour | None:
        """Why this job of CI runs, as its environment tells it; None outside of CI. AskedWrongly where that cannot be
        read."""

    def resend(self, record: Record) -> Sequence[tuple[KeptSubmission, Delivery]]:
        """Sends what the outbox kept, in order; what became of each. What did not arrive stays there."""

    def explanations(self) -> Mapping[str, str]:
        """The long texts of all diagnostics that ship with runner: code -> markdown."""

    def schemas(self) -> Mapping[str, Json]:
        """The JSON Schemas of what a user writes, by kind."""

    def actor(self) -> Actor:
        """Who acts: Git's signing key, else user.email, unconfirmed; else NOBODY."""
