"""States in S3: encrypted objects, written conditionally, with version and fence in their metadata.

`<prefix>/<environment>/<stack>/terraform.tfstate.sealed` is the state, `….sealed.versions/<version>` every version that
was written, `….sealed.tflock` the lock, in the form of Terraform's own lock files. Metadata is a label: what is
believed is the ledger's entry and the envelope that opens with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from runner.cloud import ObjectStore, StoredObject
from runner.git import Edit
from runner.kit.canonical import digest_bytes
from runner.kit.clock import Clock
from runner.model.entry import StoredState
from runner.model.names import TargetName, encoded
from runner.model.plan import StateFacts
from runner.vault import SavedState, StateVersion
from runner.vault.lock_objects import LockObjects
from runner.vault.refusals import (
    check_fence,
    missing,
    moved_back,
    names_nothing,
    not_authentic,
    not_on_record,
    version_unknown,
)
from runner.vault.state_index import KEPT
from runner.vault.state_seal import StateSeal

ENDED = "ended"


class _Standing(Struct, frozen=True, kw_only=True):
    """What the state's object says; `ended`: it is the empty mark that an ended target leaves."""

    object: StoredObject
    version: StateVersion
    ended: bool


class S3States:
    """See StateStore. `location` begins every stored location: `s3://bucket`."""

    def __init__(
        self, objects: ObjectStore, seal: StateSeal, clock: Clock, *, location: str, prefix: str = ""
    ) -> None:
        self._objects = objects
        self._seal = seal
        self._clock = clock
        self._location = location
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._locks = LockObjects(objects, clock, ledger=seal.ledger)

    def key(self, target: TargetName) -> str:
        """The key of the target's state."""
        return f"{self._prefix}{target.environment}/{encoded(target.stack)}/terraform.tfstate.sealed"

    def hold(self, target: TargetName, run: str, fence: int) -> None:
        """See StateStore."""
        self._locks.take(target, self.key(target), run, fence)

    def let_go(self, target: TargetName) -> None:
        """See StateStore."""
        self._locks.give_back(target)

    def load(self, target: TargetName, named: StoredState | None) -> bytes | None:
        """See StateStore."""
        standing = self._standing(target)
        if names_nothing(named) or named is None:
            if standing is not None and not standing.ended:
                found = standing.version.stored.version
                raise not_on_record(target, f"the bucket holds version {found}, the record names none")
            return None
        if standing is None:
            raise missing(target, f"`{self._location}/{self.key(target)}`")
        if standing.ended:
            raise not_on_record(target, "the bucket says that it has ended")
        found = standing.version.stored.version
        if found < named.version:
            raise moved_back(target, found, named.version)
        if found > named.version:
            raise not_on_record(target, f"the bucket holds version {found}, the record names {named.version}")
        return self._seal.open(target, named, standing.object.content)

    def save(
        self, target: TargetName, state: bytes, facts: StateFacts, fence: int, after: StoredState | None
    ) -> SavedState:
        """See StateStore. First the version, then the state, which alone makes the version count."""
        standing = self._standing(target)
        self._check_writable(target, standing, fence, after)
        number = standing.version.stored.version + 1 if standing else 1
        sealed = self._seal.seal(target, facts, state)
        stored = self._stored(target, facts, number, digest_bytes(sealed))
        labels = _labels(StateVersion(stored=stored, at=self._clock.now(), fence=fence))
        self._put_version(target, number, sealed, labels, fence)
        after_etag = standing.object.etag if standing else None
        if self._objects.put(self.key(target), sealed, after=after_etag, metadata=labels) is None:
            self._raise_lost(target, fence)
        self._forget_old(target, number)
        return SavedState(stored=stored)

    def arrived(self, target: TargetName) -> StoredState | None:
        """None: a save answers for itself."""
        return None

    def versions(self, target: TargetName) -> Sequence[StateVersion]:
        """See StateStore. What a run that ended before its state was in place left behind is not among them."""
        standing = self._standing(target)
        newest = standing.version.stored.version if standing else 0
        found = []
        for key in self._objects.names(self._versions_prefix(target)):
            kept = self._objects.get(key)
            if kept is not None:
                version = self._version_of(target, kept)
                if version.stored.version <= newest:
                    found.append(version)
        return tuple(sorted(found, key=lambda each: each.stored.version, reverse=True))

    def read_version(self, target: TargetName, version: int) -> bytes:
        """See StateStore. AskedWrongly `state-version-unknown` when it is not kept."""
        kept = self._objects.get(self._version_key(target, version))
        if kept is None:
            raise version_unknown(target, version)
        labelled = self._version_of(target, kept)
        if labelled.stored.version != version:
            raise not_authentic(target, f"has another version in the place of version {version}")
        return self._seal.open(target, labelled.stored, kept.content)

    def remove(self, target: TargetName, fence: int) -> tuple[Edit, ...]:
        """See StateStore. An empty object stays: it keeps the fence and the count of versions."""
        standing = self._standing(target)
        if standing is None or standing.ended:
            return ()
        check_fence(target, fence, standing.version.fence)
        labels = {**_labels(standing.version), "fence": str(fence), ENDED: self._clock.now().isoformat()}
        if self._objects.put(self.key(target), b"", after=standing.object.etag, metadata=labels) is None:
            self._raise_lost(target, fence)
        return ()

    def _check_writable(
        self, target: TargetName, standing: _Standing | None, fence: int, after: StoredState | None
    ) -> None:
        if standing is not None:
            check_fence(target, fence, standing.version.fence)
        live = None if standing is None or standing.ended else standing
        expected = None if names_nothing(after) or after is None else after.ciphertext
        found = digest_bytes(live.object.content) if live else None
        if found != expected:
            what = f"version {live.version.stored.version}" if live else "nothing"
            follows = f"version {after.version}" if after and expected else "nothing"
            raise not_on_record(target, f"the bucket holds {what}, the write follows {follows}")

    def _raise_lost(self, target: TargetName, fence: int) -> None:
        standing = self._standing(target)
        if standing is not None:
            check_fence(target, fence, standing.version.fence)
        raise not_on_record(target, "somebody else wrote it at the same moment")

    def _put_version(
        self, target: TargetName, number: int, sealed: bytes, labels: Mapping[str, str], fence: int
    ) -> None:
        key = self._version_key(target, number)
        if self._objects.put(key, sealed, after=None, metadata=labels) is not None:
            return
        left = self._objects.get(key)  # by a run that ended before its state was in place
        if left is not None:
            check_fence(target, fence, self._version_of(target, left).fence)
        if self._objects.put(key, sealed, after=left.etag if left else None, metadata=labels) is None:
            raise not_on_record(target, "somebody else wrote it at the same moment")

    def _forget_old(self, target: TargetName, newest: int) -> None:
        if newest > KEPT:  # one write adds one version, so one goes
            self._objects.delete(self._version_key(target, newest - KEPT))

    def _standing(self, target: TargetName) -> _Standing | None:
        found = self._objects.get(self.key(target))
        if found is None:
            return None
        return _Standing(object=found, version=self._version_of(target, found), ended=ENDED in found.metadata)

    def _version_of(self, target: TargetName, object: StoredObject) -> StateVersion:
        labels = object.metadata
        try:
            facts = StateFacts(
                lineage=labels["lineage"], serial=int(labels["serial"]), digest=labels["digest"]
            )
            stored = self._stored(target, facts, int(labels["version"]), labels["ciphertext"])
            return StateVersion(
                stored=stored, at=datetime.fromisoformat(labels["at"]), fence=int(labels["fence"])
            )
        except (KeyError, ValueError):
            raise not_authentic(target, "is an object that the runner did not write") from None

    def _stored(self, target: TargetName, facts: StateFacts, version: int, ciphertext: str) -> StoredState:
        location = f"{self._location}/{self.key(target)}"
        return StoredState(facts=facts, store="s3", version=version, ciphertext=ciphertext, location=location)

    def _versions_prefix(self, target: TargetName) -> str:
        return f"{self.key(target)}.versions/"

    def _version_key(self, target: TargetName, version: int) -> str:
        return f"{self._versions_prefix(target)}{version:010d}"


def _labels(version: StateVersion) -> dict[str, str]:
    return {
        "version": str(version.stored.version),
        "fence": str(version.fence),
        "ciphertext": version.stored.ciphertext,
        "lineage": version.stored.facts.lineage,
        "serial": str(version.stored.facts.serial),
        "digest": version.stored.facts.digest,
        "at": version.at.isoformat(),
    }
