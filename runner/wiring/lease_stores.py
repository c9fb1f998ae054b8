"""Which place keeps the leases of an environment."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from runner.cloud import ObjectStore
from runner.kit.clock import Clock
from runner.ledger import Leases
from runner.ledger.git_leases import GitLeases
from runner.ledger.object_table import ObjectTable
from runner.ledger.s3_leases import RecordPlace, S3Leases
from runner.ledger.taking import Terms
from runner.model.environment import Gates, StateSettings
from runner.operations.tools import Record


class LeaseNeeds(Struct, frozen=True, kw_only=True):
    """What leases may need; `bucket` opens the one that an environment's `state:` names."""

    record: Record
    clock: Clock
    bucket: Callable[[StateSettings], ObjectStore]


def leases_of(gates: Gates, terms: Terms, needs: LeaseNeeds) -> Leases:
    """The leases of one run, where `leases.store` says."""
    refs, outbox = needs.record.refs, needs.record.outbox
    if gates.leases.store == "git":
        return GitLeases(refs, outbox, terms, clock=needs.clock)
    assert gates.state, "`leases.store: s3` is only believed beside a state in S3, whose bucket it is"
    table = ObjectTable(
        needs.bucket(gates.state), location=f"s3://{gates.state.bucket}", prefix=gates.state.prefix
    )
    return S3Leases(table, RecordPlace(refs=refs, outbox=outbox), terms, clock=needs.clock)
