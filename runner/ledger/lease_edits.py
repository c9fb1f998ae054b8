"""The edits of an environment's lease ref, and what to raise when they are not taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from runner.errors import HistoryMoved, NoAnswer
from runner.git import Edit, Unsent
from runner.kit.clock import Clock
from runner.ledger.holdings import Hold
from runner.ledger.lease_record import lease_path
from runner.ledger.ledger_paths import locks_ref


def lease_edit(
    environment: str, changes: Mapping[str, bytes | None], expects: Mapping[str, str | None]
) -> Edit:
    """An edit of the leases of `environment`."""
    message = f"runner: leases of {environment}"
    return Edit(ref=locks_ref(environment), changes=changes, expects=expects, message=message)


def edit_of_hold(hold: Hold, changes: Mapping[str, bytes | None]) -> Edit:
    """An edit that is made only while the lease is ours: the fence."""
    target = hold.lease.target
    return lease_edit(target.environment, changes, {lease_path(target.stack): hold.blob})


class PushTime:
    """When the push began that took a submission to the remote: its `begun` is what the outbox calls. A submission may
    have lost races for long before that; no observer has seen anything of it by then."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.at = clock.monotonic()

    def begun(self) -> None:
        """A push begins."""
        self.at = self._clock.monotonic()


def refused(unsent: Unsent, what: str) -> NoReturn:
    """Raises for a submission that did not arrive. HistoryMoved; NoAnswer `leases-not-sent`."""
    if unsent.moved_back:
        hint = "a person decides; nothing is applied until then"
        raise HistoryMoved.of("history-moved-back", f"{what}: {unsent.message}", hint=hint)
    raise NoAnswer.of(
        "leases-not-sent", f"{what}: {unsent.message}", hint="`git push` to the ledger's remote must work"
    )
