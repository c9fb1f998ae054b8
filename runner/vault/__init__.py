"""What must be kept and not be read by others: encrypted states and plans, in Git refs, files or S3.

Refuses plain text at rest (but for `state: local`, a file of the user's own machine that the user asked for).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from runner.git import Edit
from runner.kit.keyring import Key, KeyRing
from runner.model.entry import StoredState
from runner.model.names import TargetName
from runner.model.plan import Plan, StateFacts


class SavedState(Struct, frozen=True, kw_only=True):
    """A write under way: `stored` goes into the entry; `edits` must be in the same submission as the entry (empty
    where the store is not Git: then the write has been made already)."""

    stored: StoredState
    edits: tuple[Edit, ...] = ()


class StateVersion(Struct, frozen=True, kw_only=True):
    """One kept version of a state."""

    stored: StoredState
    at: datetime
    fence: int


class StateStore(Protocol):
    """Keeps the states of one environment. Errors: AskedWrongly (no key, other key's id: 2), HistoryMoved (the bytes
    do not authenticate, belong to another target, or are not the ones the entry names: 7), NoAnswer (6),
    Denied `state-fenced` (an old fence: 3), LeaseHeld `state-locked` (the store's own lock is somebody else's: 4)."""

    def hold(self, target: TargetName, run: str, fence: int) -> None:
        """Takes the lock that the store itself has (S3: Terraform's lock file; local: flock), after the lease and
        before an engine may change anything: two ledgers cannot work on one state. Nothing where the lease is all."""

    def let_go(self, target: TargetName) -> None:
        """Gives that lock back, after the last save; nothing when it is not held."""

    def load(self, target: TargetName, named: StoredState | None) -> bytes | None:
        """The plain state that the last entry names; None where `named` is None and the store holds nothing. Where the
        store holds a newer or other state than the named one, HistoryMoved `state-not-on-record`."""

    def save(
        self, target: TargetName, state: bytes, facts: StateFacts, fence: int, after: StoredState | None
    ) -> SavedState:
        """Stores a newer state; `after` is the version it follows (compare-and-swap)."""

    def arrived(self, target: TargetName) -> StoredState | None:
        """Which of the saves that this object gave edits for stands there, as last read: one that was given up as
        unsent may have arrived since. None where what stands is another's, and where saves have no edits."""

    def versions(self, target: TargetName) -> Sequence[StateVersion]:
        """The kept versions, newest first."""

    def read_version(self, target: TargetName, version: int) -> bytes:
        """One kept version, plain."""

    def remove(self, target: TargetName, fence: int) -> tuple[Edit, ...]:
        """Ends a target's state (after forget or destroy); versions stay readable as long as the store keeps them."""


class MadeKey(Struct, frozen=True, kw_only=True):
    """A new key. `path`: the file that holds it (back it up), None where a key service does; `edits` must be pushed
    before it is used."""

    key: Key
    path: Path | None = None
    edits: tuple[Edit, ...] = ()


class Rotated(Struct, frozen=True, kw_only=True):
    """`edits` make `ring` the environment's: they must be pushed before anything is sealed with it."""

    ring: KeyRing
    edits: tuple[Edit, ...]


class EnvironmentKeys(Protocol):
    """The keys of one environment: found, made, rotated, retired. Reads are of the refs' last refresh. Errors:
    AskedWrongly (`key-malformed`, `key-missing`, `key-rotated`, `key-exists`, `key-in-use`, `key-unknown`: 2),
    HistoryMoved (`key-not-authentic`: 7)."""

    @property
    def ref(self) -> str:
        """The ref that holds the wrapped keys, under `keys/` (and with `state: git` the states)."""

    def ring(self, ledger: str) -> KeyRing | None:
        """The keys at hand, old ones unwrapped; None where there is no key at all. `ledger`: the ledger's id."""

    def needed(self, ledger: str) -> KeyRing:
        """As `ring`; `key-missing` where there is none."""

    def make(self) -> MadeKey:
        """A first key; on the disk before it returns. Only where the environment has no ledger yet, and never in CI."""

    def new_data_key(self, arn: str) -> tuple[Key, bytes]:
        """A new key of the key service, and its wrapped form."""

    def kept_for_rotation(self, key: Key) -> Path:
        """Writes a new key to where `ring` finds it once the rotation is pushed; before it is."""

    def rotated(self, ring: KeyRing, new: Key, ledger: str, wrapped: bytes = b"") -> Rotated:
        """`new` in front, older keys wrapped under it; `wrapped`: its form from the key service."""

    def retired(self, ring: KeyRing, id: str, in_use: Collection[str]) -> tuple[Edit, ...]:
        """The edits that forget an old key for good; `in_use`: the key ids of all that is still kept."""


class KeptPlan(Struct, frozen=True, kw_only=True):
    """A plan that was made, and what outside Git can change it (in words, empty for nothing)."""

    plan: Plan
    moved_by: str


class KeptPlans(Protocol):
    """Plans of one environment that this clone keeps, sealed, so that a preview of the same need not plan again."""

    def basis(self, target: TargetName, content: bytes) -> str:
        """The name of what a plan is made of: equal for equal `content` of one environment, with the same around it,
        and of no use for guessing what is in it."""

    def find(self, target: TargetName, state: StateFacts, basis: str) -> KeptPlan | str:
        """The plan kept under that name for that state, authenticated; else why the one there is not used, empty where
        there is none."""

    def keep(self, basis: str, kept: KeptPlan) -> None:
        """Keeps a plan; not one that is too large. Those of the same target that are older make room. OSError."""

    def tidy(self) -> None:
        """Lets the oldest go, of all environments, where there are too many."""
