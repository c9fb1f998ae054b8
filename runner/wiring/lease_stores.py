"""Which place keeps the leases of an environment."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from runner.cloud import ObjectStore
from runner.kit.clock import Clock
from runner.ledger import Leases
from runner.ledger.former_places import RecordPlace
from runner.ledger.git_leases import GitLeases
from runner.ledger.s3_leases import S3Leases
from runner.ledger.taking import Terms
from runner.model.environment import Gates, StateSettings
from runner.operations.tools import Record


class LeaseNeeds(Struct, frozen=True, kw_only=True):
    """What leases may need; `bucket` opens one that a `state:` names, or named."""

    record: Record
    clock: Clock
    bucket: Callable[[StateSettings], ObjectStore]


def leases_of(gates: Gates, terms: Terms, needs: LeaseNeeds) -> Leases:
    """The leases of one run, where `leases.store` says."""
    record = RecordPlace(refs=needs.record.refs, outbox=needs.record.outbox, bucket=needs.bucket)
    if gates.leases.store == "git":
        return GitLeases(record, terms, clock=needs.clock)
    assert gates.state, "`leases.store: s3` is only believed beside a state in S3, whose bucket it is"
    return S3Leases(gates.state, record, terms, clock=needs.clock)
