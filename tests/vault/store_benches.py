"""Real stores for the conformance suite: a Git remote with clones, a bucket of a real moto, a directory."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct, field

from runner.cloud import ObjectStore
from runner.cloud.clients import Cloud
from runner.cloud.s3 import S3Objects
from runner.git import Edit, Pushed
from runner.git.outbox import RemoteOutbox
from runner.git.place import RefNaming
from runner.git.refs import RemoteRefs
from runner.git.repository import Repository
from runner.kit.clock import SetClock
from runner.kit.crypto import key_of, ring_of
from runner.vault.git_states import GitStates
from runner.vault.local_states import LocalStates
from runner.vault.s3_states import S3States
from runner.vault.state_seal import StateSeal

KEYS = ring_of(key_of(bytes(range(32))))
SEAL = StateSeal(keys=KEYS, ledger="ledger-1")
NAMING = RefNaming()


def clock() -> SetClock:
    """A clock that stands."""
    return SetClock(datetime(2026, 1, 2, tzinfo=UTC))


class GitPlace(Struct):
    """Each opening is what a fresh process in the clone reads after a refresh."""

    repository: Repository
    keeps_versions: bool = True
    keeps_fences: bool = True
    seal: StateSeal = field(default=SEAL)

    def refs(self) -> RemoteRefs:
        """The remote's refs, as of now."""
        refs = RemoteRefs(self.repository, "origin", NAMING)
        refs.refresh(["refs/runner/*"])
        return refs

    def open(self) -> GitStates:
        """See Place."""
        return GitStates(self.refs(), self.seal, clock())

    def deliver(self, edits: Sequence[Edit]) -> bool:
        """See Place."""
        if not edits:
            return True
        outbox = RemoteOutbox(self.repository, "origin", NAMING)
        try:
            return isinstance(outbox.submit(edits).wait(30), Pushed)
        finally:
            outbox.close()


class BucketPlace(Struct):
    """Each opening is a client of its own."""

    address: str
    bucket: str
    keeps_versions: bool = True
    keeps_fences: bool = True
    seal: StateSeal = field(default=SEAL)

    def objects(self) -> ObjectStore:
        """The bucket."""
        return S3Objects(cloud_at(self.address), self.bucket)

    def open(self) -> S3States:
        """See Place."""
        return S3States(self.objects(), self.seal, clock(), location=f"s3://{self.bucket}", prefix="states")

    def deliver(self, edits: Sequence[Edit]) -> bool:
        """See Place; S3 has written already."""
        assert not edits
        return True


class DirectoryPlace(Struct):
    """A checkout."""

    root: Path
    keeps_versions: bool = False
    keeps_fences: bool = False

    def open(self) -> LocalStates:
        """See Place."""
        return LocalStates(self.root, "state/{environment}/{stack}.tfstate")

    def deliver(self, edits: Sequence[Edit]) -> bool:
        """See Place; the file is there already."""
        assert not edits
        return True


def cloud_at(address: str, **more: str) -> Cloud:
    """A session against a moto server, with credentials of nobody."""
    variables = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": address,
    }
    return Cloud(variables | more)


def new_bucket(address: str) -> str:
    """A bucket that nobody else has."""
    name = f"states-{uuid.uuid4().hex[:12]}"
    cloud = cloud_at(address)
    cloud.session.client("s3", endpoint_url=cloud.endpoint("s3"), config=cloud.settings()).create_bucket(
        Bucket=name
    )
    return name
