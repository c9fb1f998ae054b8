"""Where leases stand: small files of an environment that change together or not at all. In Git: the tree of a ref."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from runner.git import Edit, Outbox, Refs, Ticket
from runner.ledger.ledger_paths import locks_ref


class LeaseReading(Protocol):
    """The files of an environment. Errors: NoAnswer, and what else its place says."""

    def read(self, environment: str) -> Mapping[str, tuple[str, bytes]]:
        """All of them as they stand now: path -> (id, bytes)."""


class LeaseTable(LeaseReading, Protocol):
    """Compare-and-swap over them."""

    def submit(self, edits: Sequence[Edit], *, begun: Callable[[], None] | None = None) -> Ticket:
        """Makes edits of one environment (see `lease_edit`), all or none; see Outbox. Waiting for it raises what the
        place says, where it says more than Unsent can."""


class GitTable:
    """See LeaseTable: the ref of an environment's leases."""

    def __init__(self, refs: Refs, outbox: Outbox) -> None:
        self._refs = refs
        self._outbox = outbox

    def read(self, environment: str) -> Mapping[str, tuple[str, bytes]]:
        """See LeaseTable."""
        ref = locks_ref(environment)
        self._refs.refresh([ref])
        return self._refs.blobs(ref)

    def submit(self, edits: Sequence[Edit], *, begun: Callable[[], None] | None = None) -> Ticket:
        """See LeaseTable."""
        return self._outbox.submit(edits, begun=begun)


class SeenTable:
    """See LeaseReading: the ref of an environment's leases, as it was fetched last."""

    def __init__(self, refs: Refs) -> None:
        self._refs = refs

    def read(self, environment: str) -> Mapping[str, tuple[str, bytes]]:
        """See LeaseReading."""
        return self._refs.blobs(locks_ref(environment))
