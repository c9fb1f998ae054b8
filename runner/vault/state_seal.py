"""A state as it rests: compressed, encrypted, bound to target, lineage and serial, and checked against the entry."""

from __future__ import annotations

import zlib

from msgspec import Struct

from runner.kit.canonical import digest_bytes
from runner.kit.crypto import KeyRing
from runner.kit.envelope import Context, Purpose, open_object, read_header, seal_object
from runner.model.entry import StoredState
from runner.model.names import TargetName
from runner.model.plan import StateFacts
from runner.vault.refusals import not_authentic


class StateSeal(Struct, frozen=True, kw_only=True):
    """Seals and opens the states of one environment; `ledger` is the ledger's random id."""

    keys: KeyRing
    ledger: str

    __repr__ = object.__repr__  # what it holds is not to be read in a traceback

    def seal(self, target: TargetName, facts: StateFacts, state: bytes) -> bytes:
        """`state` as it may rest anywhere. ValueError when `facts` are not those of these bytes."""
        if digest_bytes(state) != facts.digest:
            raise ValueError(f"the digest of {target}'s state is not that of its bytes")
        # States are text and shrink to a tenth; encrypted they would not shrink at all.
        return seal_object(self.keys.current, self._context(target, facts), zlib.compress(state, 6))

    def open(self, target: TargetName, stored: StoredState, sealed: bytes) -> bytes:
        """The plain state, when `sealed` is the very object that `stored` names. HistoryMoved `state-not-authentic`
        otherwise; AskedWrongly `key-unknown` when it takes another key."""
        if digest_bytes(sealed) != stored.ciphertext:
            raise not_authentic(target, "is not the object that the record names")
        state = zlib.decompress(open_object(self.keys, self._context(target, stored.facts), sealed))
        if digest_bytes(state) != stored.facts.digest:
            raise not_authentic(target, "does not have the digest that the record names")
        return state

    def key_id(self, target: TargetName, sealed: bytes) -> str:
        """The id of the key that `sealed` takes, read without it."""
        return read_header(sealed, self._context(target, StateFacts())).key_id

    def _context(self, target: TargetName, facts: StateFacts) -> Context:
        return Context(
            purpose=Purpose.STATE,
            ledger=self.ledger,
            environment=target.environment,
            target=str(target),
            lineage=facts.lineage,
            serial=facts.serial,
        )
