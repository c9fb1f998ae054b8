"""What stands in an environment's table of leases, and for how long we have seen it stand so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from runner.errors import HistoryMoved
from runner.kit.clock import Clock
from runner.ledger.claims import Circumstances, Claim, Slot, claim, settled
from runner.ledger.json_fields import NotReadable
from runner.ledger.lease_record import LEASES, lease_of, renewal_of, renewal_path, stop_of
from runner.ledger.lease_table import LeaseReading
from runner.model.lease import Lease
from runner.model.names import TargetName


def none_recorded(_: TargetName) -> int:
    """In Git no entry arrives without the end of its lease."""
    return 0


class LeaseBoard:
    """Reads leases; one reader for a process, so that what it has watched counts (law 7: on our monotonic clock)."""

    def __init__(
        self,
        table: LeaseReading,
        clock: Clock,
        *,
        dead: Callable[[Lease], bool],
        recorded: Callable[[TargetName], int],
    ) -> None:
        """`dead` knows of leases whose holder is certainly gone; `recorded` gives the highest fence on record, where an
        entry may have arrived without the end of its lease, else 0."""
        self._table = table
        self._clock = clock
        self._dead = dead
        self._recorded = recorded
        self._signs: dict[str, Mapping[str, str]] = {}
        self._contents: dict[str, Mapping[str, bytes]] = {}
        self._watched: dict[TargetName, tuple[Slot, float]] = {}
        self._reading = threading.Lock()

    def read(self, environment: str) -> Mapping[TargetName, Slot]:
        """All that stands now, asked of the table. NoAnswer; HistoryMoved `lease-unreadable`."""
        with self._reading:
            slots = self._read(environment)
        return {target: settled(slot, self._recorded(target)) for target, slot in slots.items()}

    def _read(self, environment: str) -> Mapping[TargetName, Slot]:
        blobs = self._table.read(environment)
        now = self._clock.monotonic()
        self._signs[environment] = {path: blob for path, (blob, _) in blobs.items()}
        self._contents[environment] = {path: content for path, (_, content) in blobs.items()}
        slots: dict[TargetName, Slot] = {}
        for path, (blob, content) in blobs.items():
            if path.startswith(LEASES):
                slot = _slot(path, blob, content, blobs)
                slots[slot.record.lease.target] = slot
        for target in [each for each in self._watched if each.environment == environment]:
            if self._watched[target][0] != slots.get(target):
                del self._watched[target]
        for target, slot in slots.items():
            self._watched.setdefault(target, (slot, now))
        return slots

    def renewal_blob(self, environment: str, run: str) -> str | None:
        """The id of a run's sign of life as last read."""
        return self._signs.get(environment, {}).get(renewal_path(run))

    def asked_to_stop(self, environment: str, run: str) -> str:
        """Who asks a run to stop, and why, as last read; empty where nobody does."""
        content = self._contents.get(environment, {}).get(renewal_path(run))
        try:
            return stop_of(content) if content else ""
        except NotReadable:
            return ""

    def claim(self, target: TargetName, slot: Slot | None, *, floor: int, past_intent: bool) -> Claim:
        """Whether `target` may be taken, given the slot that was read."""
        _, since = self._watched.get(target, (slot, self._clock.monotonic()))
        circumstances = Circumstances(
            unchanged=self._clock.monotonic() - since,
            now=self._clock.now(),
            dead=self._dead,
            floor=floor,
            past_intent=past_intent,
        )
        return claim(slot, circumstances)


def _slot(path: str, blob: str, content: bytes, blobs: Mapping[str, tuple[str, bytes]]) -> Slot:
    try:
        record = lease_of(content)
        sign = blobs.get(renewal_path(record.lease.run))
        if sign is None:
            return Slot(record=record, blob=blob)
        return Slot(record=lease_of(content, renewal_of(sign[1])), blob=blob, renewal_blob=sign[0])
    except NotReadable as error:
        raise HistoryMoved.of(
            "lease-unreadable",
            f"`{path}` is no lease that this version reads: {error}",
            hint="it was written by hand or by a newer version; compare `runner --version` with the others'",
        ) from None


def signs_left_behind(slots: Mapping[TargetName, Slot], taken: Mapping[TargetName, Slot | None]) -> list[str]:
    """Paths of signs of life that nobody gives any more once the leases `taken` have other holders."""
    former = {slot.record.lease.run for slot in taken.values() if slot and slot.renewal_blob}
    still = {
        slot.record.lease.run
        for target, slot in slots.items()
        if target not in taken and not slot.record.released
    }
    return sorted(renewal_path(run) for run in former - still)
