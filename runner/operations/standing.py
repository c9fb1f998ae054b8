"""The leases of an environment as they stand, for whoever only looks: nothing here begins a run."""

from __future__ import annotations

from collections.abc import Sequence

from runner.ledger import HeldLease
from runner.operations.bench import Bench
from runner.operations.survey import Survey, gates_of
from runner.operations.tools import LeaseTerms


def standing_leases(bench: Bench, whole: Survey, environment: str) -> Sequence[HeldLease]:
    """The leases of an environment as the ledger's remote has them; nobody's lease is taken to look."""
    terms = LeaseTerms(
        holder="",
        gates=gates_of(whole, environment),
        on_lost=lambda _: None,
        on_stop=lambda _: None,
        dead=lambda _: False,
    )
    return bench.tools.leases(whole.record, terms).standing(environment)
