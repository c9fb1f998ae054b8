"""What one run holds: its leases with the blobs that say so, and when each last gave a sign of life. Thread-safe."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace

from runner.errors import LeaseHeld
from runner.model.lease import Lease
from runner.model.names import TargetName


class Hold(Struct, frozen=True, kw_only=True):
    """A lease of ours. `blob` says so at the remote; `alive`: monotonic seconds when the last push that arrived was
    begun. `changing`: an announcement is under way; `releasing`: its end was handed out, to go with an entry.
    `stolen`: why it is another's for certain; `unrenewed`: why it counts as lost although it may still be ours."""

    lease: Lease
    blob: str
    alive: float
    changing: bool = False
    releasing: bool = False
    stolen: str = ""
    unrenewed: str = ""

    @property
    def in_flux(self) -> bool:
        """Whether its blob may change under whoever looks."""
        return self.changing or self.releasing

    def why_lost(self, now: float) -> str:
        """Why it must not be relied on any more; empty while it may. Half a term without a sign that arrived is the
        limit: an observer takes it after a whole one (law 7)."""
        overdue = now - self.alive > self.lease.term / 2
        late = f"it could not be renewed for {now - self.alive:.0f} s" if overdue else ""
        return self.stolen or self.unrenewed or late


class Holdings:
    """The leases of one run, and for each environment the run's sign of life: its number and blob."""

    def __init__(self) -> None:
        self._holds: dict[TargetName, Hold] = {}
        self._signs: dict[str, tuple[int, str | None]] = {}
        self._nonces: set[str] = set()
        self._lock = threading.Lock()

    def add(self, hold: Hold) -> None:
        """A lease was taken."""
        with self._lock:
            self._holds[hold.lease.target] = hold
            self._nonces.add(hold.lease.nonce)

    def has(self, target: TargetName) -> bool:
        """Whether `target` need not be taken."""
        hold = self._holds.get(target)
        return hold is not None and not hold.stolen and not hold.releasing

    def of(self, target: TargetName) -> Hold:
        """Our lease of `target`, lost or not. LeaseHeld `lease-not-taken` when this run never had it."""
        hold = self._holds.get(target)
        if hold is None:
            raise LeaseHeld.of(
                "lease-not-taken",
                f"this run holds no lease of `{target}`",
                hint="`runner locks` shows who does",
            )
        return hold

    def all(self) -> Sequence[Hold]:
        """Every lease that was taken and not dropped."""
        with self._lock:
            return tuple(self._holds.values())

    def living(self, environment: str) -> Sequence[Hold]:
        """Those of an environment that are not another's."""
        return tuple(
            hold for hold in self.all() if hold.lease.target.environment == environment and not hold.stolen
        )

    def environments(self) -> Sequence[str]:
        """Where this run holds something."""
        return sorted({hold.lease.target.environment for hold in self.all()})

    def is_ours(self, nonce: str) -> bool:
        """Whether this run took the lease with that nonce."""
        return nonce in self._nonces

    def written(self, target: TargetName, lease: Lease, blob: str, at: float) -> None:
        """The lease stands at the remote like this, since a push that was begun `at`."""
        with self._lock:
            hold = self._holds[target]
            self._holds[target] = replace(hold, lease=lease, blob=blob, alive=max(at, hold.alive))

    def found(self, target: TargetName, blob: str) -> None:
        """It stands at the remote with another blob than we thought."""
        self._amend(target, blob=blob)

    def stolen(self, target: TargetName, why: str) -> None:
        """It is another's."""
        self._amend(target, stolen=why)

    def given_up(self, target: TargetName, why: str) -> None:
        """It counts as lost from now on, whatever arrives later."""
        self._amend(target, unrenewed=why)

    def drop(self, target: TargetName) -> None:
        """It has ended."""
        with self._lock:
            self._holds.pop(target, None)

    @contextmanager
    def changing(self, target: TargetName) -> Iterator[Hold]:
        """While its blob is being replaced."""
        self._amend(target, changing=True)
        try:
            yield self.of(target)
        finally:
            self._amend(target, changing=False)

    def releasing(self, target: TargetName) -> bool:
        """Its end was handed out; whether it was the last one of its environment that is wanted."""
        self._amend(target, releasing=True)
        return all(hold.releasing for hold in self.living(target.environment))

    def not_releasing(self, target: TargetName) -> None:
        """Its end did not arrive."""
        self._amend(target, releasing=False)

    def sign(self, environment: str) -> tuple[int, str | None]:
        """Number and blob of the last sign of life that we know to stand."""
        return self._signs.get(environment, (0, None))

    def set_sign(self, environment: str, number: int, blob: str | None) -> None:
        """What stands now."""
        self._signs[environment] = (number, blob)

    def renewed(self, targets: Sequence[TargetName], number: int, at: float) -> None:
        """The sign of life `number`, begun `at`, arrived for `targets`."""
        with self._lock:
            for target in targets:
                hold = self._holds.get(target)
                if hold is not None:
                    lease = replace(hold.lease, renewal=number)
                    self._holds[target] = replace(hold, lease=lease, alive=max(at, hold.alive))

    def _amend(self, target: TargetName, **fields: str | bool) -> None:
        with self._lock:
            hold = self._holds.get(target)
            if hold is not None:
                self._holds[target] = replace(hold, **fields)
