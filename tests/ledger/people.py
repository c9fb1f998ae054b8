"""Somebody with a clone, a clock that is moved by hand, and leases in one place or the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from uuid import uuid4

from msgspec.structs import replace

from runner.cloud import ObjectStore, StoredObject
from runner.cloud.clients import Cloud
from runner.cloud.s3 import S3Objects
from runner.diagnostics import Diagnostic
from runner.errors import NoAnswer
from runner.git import Edit
from runner.kit.clock import Clock, SetClock
from runner.ledger.former_places import RecordPlace
from runner.ledger.git_leases import GitLeases
from runner.ledger.leases import TableLeases
from runner.ledger.s3_leases import S3Leases
from runner.ledger.taking import Terms
from runner.model.environment import StateBackend, StateSettings
from runner.model.names import TargetName
from tests.ledger.ledger_parts import Desk

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TERM = 60.0
BUCKET = "a-bucket"


def cloud_at(address: str) -> Cloud:
    """A real moto's."""
    variables = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": address,
    }
    return Cloud(variables)


@cache
def objects_at(address: str) -> ObjectStore:
    """A bucket of a real moto, one for all tests."""
    cloud, name = cloud_at(address), f"leases-{uuid4().hex[:12]}"
    client = cloud.session.client("s3", endpoint_url=address, config=cloud.settings(path_style=True))
    client.create_bucket(Bucket=name)
    return S3Objects(cloud, name)


class Bucket:
    """Somebody's line to a bucket, which may be cut (see ObjectStore: `cloud-no-answer`)."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self.cut = False

    def get(self, key: str) -> StoredObject | None:
        self._answer()
        return self._objects.get(key)

    def put(self, key: str, content: bytes, *, after: str | None, metadata: Mapping[str, str]) -> str | None:
        self._answer()
        return self._objects.put(key, content, after=after, metadata=metadata)

    def delete(self, key: str) -> None:
        self._answer()
        self._objects.delete(key)

    def names(self, prefix: str) -> Sequence[str]:
        self._answer()
        return self._objects.names(prefix)

    def _answer(self) -> None:
        if self.cut:
            raise NoAnswer.of("cloud-no-answer", "AWS could not be asked: the line is cut")


@dataclasses.dataclass
class Person:
    """Somebody with a clone, a clock and leases: in `bucket` below `prefix`, else in Git; there they were in `former`
    once. `watched` are the notes, `lost` the targets told as lost,
    `stopped` who asked to stop."""

    desk: Desk
    clock: SetClock
    name: str
    bucket: Bucket | None = None
    former: Bucket | None = None
    prefix: str = ""
    paused: float = 0.0
    watched: list[Diagnostic] = dataclasses.field(default_factory=list)
    lost: list[TargetName] = dataclasses.field(default_factory=list)
    stopped: list[str] = dataclasses.field(default_factory=list)

    def leases(self, clock: Clock | None = None, **terms: object) -> TableLeases:
        """Leases of a run. With a `clock` of its own they are renewed in the background."""
        settled = Terms(
            holder=self.name,
            host="a-host",
            term=TERM,
            on_lost=self.lost.append,
            on_stop=self.stopped.append,
            watching=self.watched.append,
        )
        own = replace(settled, **terms)
        at, alone = clock or self.clock, clock is None
        bucket = self.bucket or self.former
        record = RecordPlace(
            refs=self.desk.refs, outbox=self.desk.outbox, bucket=lambda place: bucket_named(bucket, place)
        )
        if self.bucket is None:
            return GitLeases(record, own, clock=at, pause=self.pause, background=not alone)
        place = StateSettings(backend=StateBackend.S3, bucket=BUCKET, prefix=self.prefix)
        return S3Leases(place, record, own, clock=at, pause=self.pause, background=not alone)

    def in_git_again(self) -> Person:
        """The same, after `store: git`."""
        return dataclasses.replace(self, bucket=None, former=self.bucket)

    def pause(self, seconds: float) -> None:
        self.paused += seconds
        self.clock.advance(seconds)

    def cut_off(self) -> None:
        """The place of the leases does not answer any more."""
        if self.bucket is not None:
            self.bucket.cut = True
            return
        self.desk.checkout.git("remote", "set-url", "origin", str(self.desk.checkout.path / "nowhere"))

    def mend(self) -> None:
        """It does again."""
        if self.bucket is not None:
            self.bucket.cut = False
            return
        self.desk.checkout.git("remote", "set-url", "origin", str(self.desk.checkout.remote))


def bucket_named(bucket: Bucket | None, place: StateSettings) -> ObjectStore:
    """What a place of leases opens."""
    assert bucket is not None
    assert place.bucket == BUCKET
    return bucket


def note(text: str) -> Edit:
    """Something to write while a lease is ours."""
    return Edit(ref="refs/runner/state/prod", changes={"network": text.encode()})
