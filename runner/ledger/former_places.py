"""Where the leases of an environment stood before `leases` was changed: who still works under one there does not see
ours.

Git's ref of the leases lists each bucket that ever held some (`places.json`), so that whoever comes after a change, in
either direction, knows where to look. Each takes his lease first and looks then: of two, at least one sees the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from runner.cloud import ObjectStore
from runner.errors import AskedWrongly, HistoryMoved, LeaseHeld
from runner.git import Conflict, Outbox, Refs, Unsent
from runner.kit.clock import Clock
from runner.ledger.claims import Free, Living, left_elsewhere
from runner.ledger.codec import blob
from runner.ledger.json_fields import Fields, NotReadable
from runner.ledger.lease_board import LeaseBoard, none_recorded
from runner.ledger.lease_edits import lease_edit, refused
from runner.ledger.lease_table import SeenTable
from runner.ledger.ledger_paths import locks_ref
from runner.ledger.object_table import ObjectTable
from runner.ledger.taking import Terms
from runner.model.environment import StateBackend, StateSettings
from runner.model.names import TargetName
from runner.model.references import Json

PLACES = "places.json"
_KEYS = ("bucket", "prefix", "region", "endpoint")
_TRIES = 5


class RecordPlace(Struct, frozen=True, kw_only=True):
    """Where the record is, and the list of places with it. `bucket` opens one of them."""

    refs: Refs
    outbox: Outbox
    bucket: Callable[[StateSettings], ObjectStore]


class FormerPlaces:
    """The other places than `own`: None for Git's ref."""

    def __init__(
        self, record: RecordPlace, terms: Terms, clock: Clock, *, own: StateSettings | None = None
    ) -> None:
        self._record = record
        self._terms = terms
        self._clock = clock
        self._own = own

    def fence(self, target: TargetName) -> int:
        """The highest fence of `target` in any of them. NoAnswer, Denied."""
        self._record.refs.refresh([locks_ref(target.environment)])
        boards = self._boards(target.environment)
        slots = (board.read(target.environment).get(target) for _, board in boards)
        return max((slot.record.lease.fence for slot in slots if slot), default=0)

    def enlist(self, environment: str) -> None:
        """Puts our own bucket on the list, before anything is done under a lease there. NoAnswer, HistoryMoved."""
        for _ in range(_TRIES):
            known = self._listed(environment)
            if self._own is None or self._own in known:
                return
            ref = locks_ref(environment)
            written = blob({"places": [_written(each) for each in (*known, self._own)]})
            found = self._record.refs.blob(ref, PLACES)
            edit = lease_edit(environment, {PLACES: written}, {PLACES: found[0] if found else None})
            delivery = self._record.outbox.submit([edit]).wait()
            if isinstance(delivery, Unsent):
                refused(delivery, "where the leases are could not be written down")
            if isinstance(delivery, Conflict):
                self._record.refs.refresh([ref])

    def refuse_left(self, targets: Sequence[TargetName]) -> None:
        """LeaseHeld `lease-left-elsewhere` where somebody holds one of `targets` there, or announced a change of it
        (law 8). NoAnswer, Denied: a place that cannot be read may hold anything."""
        left = []
        for environment in sorted({target.environment for target in targets}):
            for place, board in self._boards(environment):
                slots = board.read(environment)
                for target in (each for each in targets if each.environment == environment):
                    found = board.claim(target, slots.get(target), floor=0, past_intent=False)
                    if not isinstance(found, Free) and (isinstance(found, Living) or found.lease.intent):
                        left.append(left_elsewhere(found.lease, place))
        if left:
            raise LeaseHeld(left)

    def _boards(self, environment: str) -> Iterator[tuple[str, LeaseBoard]]:
        dead = self._terms.dead
        if self._own is not None:
            yield (
                "Git",
                LeaseBoard(SeenTable(self._record.refs), self._clock, dead=dead, recorded=none_recorded),
            )
        for place in self._listed(environment):
            if place != self._own:
                told = f"s3://{place.bucket}"
                table = ObjectTable(self._record.bucket(place), location=told, prefix=place.prefix)
                yield (
                    f"`{told}/{table.key(environment)}`",
                    LeaseBoard(_Bucket(table), self._clock, dead=dead, recorded=self._terms.floor),
                )

    def _listed(self, environment: str) -> tuple[StateSettings, ...]:
        found = self._record.refs.blob(locks_ref(environment), PLACES)
        try:
            return _read(found[1]) if found else ()
        except NotReadable as error:
            raise HistoryMoved.of(
                "lease-unreadable",
                f"`{PLACES}` among the leases of {environment} is not what this version reads: {error}",
                hint="it was written by hand or by a newer version; compare `runner --version` with the others'",
            ) from None


class _Bucket:
    """See LeaseReading: the leases in a bucket that may be gone by now, and they with it."""

    def __init__(self, table: ObjectTable) -> None:
        self._table = table

    def read(self, environment: str) -> Mapping[str, tuple[str, bytes]]:
        """See LeaseReading."""
        try:
            return self._table.read(environment)
        except AskedWrongly as error:
            if error.diagnostics[0].code == "cloud-not-found":
                return {}
            raise


def _read(content: bytes) -> tuple[StateSettings, ...]:
    """The places in a list. NotReadable. Whoever may write it may break every lease there is; and a bucket that he
    names is asked for one object by a signed request, which gives no key away."""
    return tuple(_place(each) for each in Fields.of_blob(content, "a list of places").items("places"))


def _place(fields: Fields) -> StateSettings:
    bucket, prefix, region, endpoint = (fields.text(key) for key in _KEYS)
    return StateSettings(
        backend=StateBackend.S3, bucket=bucket, prefix=prefix, region=region, endpoint=endpoint
    )


def _written(place: StateSettings) -> dict[str, Json]:
    return {key: getattr(place, key) for key in _KEYS}
