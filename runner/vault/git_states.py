"""States in Git: `refs/runner/state/<environment>`, one encrypted blob a version, one table of them a target.

The ref is a single parentless commit that is replaced, so what is no longer kept is no longer reachable. The blob id of
a target's table is what a write expects to find: that is its compare-and-swap.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from runner.git import Edit, Refs
from runner.kit.canonical import digest_bytes
from runner.kit.clock import Clock
from runner.kit.tree import blob_id
from runner.model.entry import StoredState
from runner.model.names import TargetName, encoded
from runner.model.plan import StateFacts
from runner.vault import SavedState, StateVersion
from runner.vault.refusals import (
    check_fence,
    missing,
    moved_back,
    names_nothing,
    not_on_record,
    version_unknown,
)
from runner.vault.state_index import StateIndex, read, written
from runner.vault.state_seal import StateSeal
from runner.vault.wrapped_keys import state_ref


class _Write(Struct, frozen=True, kw_only=True):
    """What this object has written: the table, its blob id, the newest state's ciphertext (empty once another was
    written in its place), and the table that it follows."""

    index: StateIndex
    blob: str
    sealed: bytes
    follows: StateIndex


class GitStates:
    """See StateStore. Reads are of the last refresh of `refs`, and of what this object itself has written since."""

    def __init__(self, refs: Refs, seal: StateSeal, clock: Clock) -> None:
        self._refs = refs
        self._seal = seal
        self._clock = clock
        # A run writes a target's state every few seconds, and reads no refs in between. The newest comes first; the one
        # that it follows is kept too, for when the newest does not arrive, and those that followed the same one: each
        # of them was given up, and may arrive yet.
        self._written: dict[TargetName, tuple[_Write, ...]] = {}

    def hold(self, target: TargetName, run: str, fence: int) -> None:
        """See StateStore: the ledger's lease is the only lock here."""

    def let_go(self, target: TargetName) -> None:
        """See StateStore."""

    def load(self, target: TargetName, named: StoredState | None) -> bytes | None:
        """See StateStore."""
        index, _ = self._index(target, named)
        standing = index.standing()
        if names_nothing(named) or named is None:
            if standing is not None:
                raise not_on_record(
                    target, f"the store holds version {standing.version}, the record names none"
                )
            return None
        where = f"`{state_ref(target.environment)}`"
        if standing is None:
            if index.newest is None:
                raise missing(target, where)
            raise not_on_record(target, "the store says that it has ended")
        if standing.version < named.version:
            raise moved_back(target, standing.version, named.version)
        if standing.version > named.version or standing.ciphertext != named.ciphertext:
            raise not_on_record(
                target, f"the store holds version {standing.version}, the record names {named.version}"
            )
        return self._open(target, named)

    def save(
        self, target: TargetName, state: bytes, facts: StateFacts, fence: int, after: StoredState | None
    ) -> SavedState:
        """See StateStore; the edits are all there is to do."""
        index, expected = self._index(target, after)
        self._check_writable(target, index, fence, after)
        number = index.newest.stored.version + 1 if index.newest else 1
        sealed = self._seal.seal(target, facts, state)
        ref = state_ref(target.environment)
        stored = StoredState(
            facts=facts, store="git", version=number, ciphertext=digest_bytes(sealed), location=ref
        )
        longer = index.followed_by(StateVersion(stored=stored, at=self._clock.now(), fence=fence))
        kept = {each.stored.version for each in longer.versions}
        content = written(longer)
        changes: dict[str, bytes | None] = {
            _blob_path(target, each.stored.version): None
            for each in index.versions
            if each.stored.version not in kept
        }
        changes |= {_blob_path(target, number): sealed, _index_path(target): content}
        before = self._written.get(target, ())
        given_up = tuple(replace(each, sealed=b"") for each in before if each.follows == index)
        followed = tuple(each for each in before if each.index == index)
        new = _Write(index=longer, blob=blob_id(content), sealed=sealed, follows=index)
        self._written[target] = (new, *given_up, *followed)
        return SavedState(stored=stored, edits=(self._edit(target, changes, expected),))

    def arrived(self, target: TargetName) -> StoredState | None:
        """See StateStore."""
        found = self._refs.blob(state_ref(target.environment), _index_path(target))
        ours = (each for each in self._written.get(target, ()) if found and each.blob == found[0])
        return next((each.index.standing() for each in ours), None)

    def versions(self, target: TargetName) -> Sequence[StateVersion]:
        """See StateStore."""
        index, _ = self._stored_index(target)
        return tuple(reversed(index.versions))

    def read_version(self, target: TargetName, version: int) -> bytes:
        """See StateStore. AskedWrongly `state-version-unknown` when it is not kept."""
        for each in self.versions(target):
            if each.stored.version == version:
                return self._open(target, each.stored)
        raise version_unknown(target, version)

    def remove(self, target: TargetName, fence: int) -> tuple[Edit, ...]:
        """See StateStore."""
        newest = next(iter(self._written.get(target, ())), None)
        index, expected = (newest.index, newest.blob) if newest else self._stored_index(target)
        if index.standing() is None:
            return ()
        check_fence(target, fence, index.fence)
        closed = index.closed(fence)
        content = written(closed)
        sealed = newest.sealed if newest else b""
        write = _Write(index=closed, blob=blob_id(content), sealed=sealed, follows=index)
        self._written[target] = (write,)
        return (self._edit(target, {_index_path(target): content}, expected),)

    def _index(self, target: TargetName, named: StoredState | None) -> tuple[StateIndex, str | None]:
        """The table whose newest state is `named`: what this object wrote when it is that, else what is stored."""
        for write in self._written.get(target, ()):
            standing = write.index.standing()
            if names_nothing(named) or named is None:
                same = standing is None
            else:
                same = standing is not None and _same(standing, named)
            if same:
                return write.index, write.blob
        return self._stored_index(target)

    def _stored_index(self, target: TargetName) -> tuple[StateIndex, str | None]:
        ref = state_ref(target.environment)
        found = self._refs.blob(ref, _index_path(target))
        return (read(found[1], target, ref), found[0]) if found else (StateIndex(), None)

    def _check_writable(
        self, target: TargetName, index: StateIndex, fence: int, after: StoredState | None
    ) -> None:
        check_fence(target, fence, index.fence)
        standing = index.standing()
        if names_nothing(after) or after is None:
            if standing is not None:
                raise not_on_record(target, f"the store already holds version {standing.version}")
        elif standing is None or not _same(standing, after):
            holds = f"version {standing.version}" if standing else "nothing"
            raise not_on_record(target, f"the store holds {holds}, the write follows version {after.version}")

    def _open(self, target: TargetName, stored: StoredState) -> bytes:
        path = _blob_path(target, stored.version)
        found = self._refs.blob(state_ref(target.environment), path)
        if found:
            return self._seal.open(target, stored, found[1])
        for write in self._written.get(target, ()):
            if digest_bytes(write.sealed) == stored.ciphertext:
                return self._seal.open(target, stored, write.sealed)
        raise missing(target, f"`{state_ref(target.environment)}`")

    def _edit(self, target: TargetName, changes: dict[str, bytes | None], expected: str | None) -> Edit:
        path = _index_path(target)
        return Edit(
            ref=state_ref(target.environment),
            changes=changes,
            expects={path: expected},
            message="runner: state",
        )


def _same(one: StoredState, other: StoredState) -> bool:
    return (one.version, one.ciphertext) == (other.version, other.ciphertext)


def _index_path(target: TargetName) -> str:
    return f"states/{encoded(target.stack)}/index.json"


def _blob_path(target: TargetName, version: int) -> str:
    return f"states/{encoded(target.stack)}/{version:010d}"
