"""What a rotation and a retirement write, and how they end when it does not arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from runner.errors import AskedWrongly, NoAnswer
from runner.git import Conflict, Edit, Pushed, Unsent
from runner.kit.crypto import Key, KeyRing, generate
from runner.model.environment import Gates
from runner.operations.survey import Survey
from runner.vault import EnvironmentKeys


class Keyholding(Struct, frozen=True, kw_only=True):
    """All that is known of an environment's keys: `ledger` the ledger's id (empty: none yet)."""

    gates: Gates
    places: EnvironmentKeys
    ledger: str


def rotation(ring: KeyRing, holding: Keyholding) -> tuple[Key, Path | None, tuple[Edit, ...]]:
    """A new key, the file that keeps it (None: a key service does), and what makes it the current one. The file is on
    the disk before anything is sealed with it."""
    source, places = holding.gates.key, holding.places
    if source and source.kind == "kms":
        new, wrapped = places.new_data_key(source.value)
        return new, None, places.rotated(ring, new, holding.ledger, wrapped).edits
    new = generate()
    edits = places.rotated(ring, new, holding.ledger).edits
    return new, places.kept_for_rotation(new), edits


def retirement(
    ring: KeyRing, id: str, holding: Keyholding, sealed: Mapping[str, Sequence[str]]
) -> tuple[Edit, ...]:
    """The edits that forget an old key. AskedWrongly `key-in-use` names what still takes it; `key-unknown`."""
    name = holding.gates.environment
    if id in ring.old and id in sealed and id != ring.sealing.id:
        kept = sealed[id]
        listed = ", ".join(kept[:5]) + (f" and {len(kept) - 5} more" if len(kept) > 5 else "")
        raise AskedWrongly.of(
            "key-in-use",
            f"key {id} of `{name}` cannot be retired: it is needed to read {listed}",
            hint="versions go as newer ones are written, the newest 100 stay; plans go when they are applied",
        )
    return holding.places.retired(ring, id, tuple(sealed))


def submitted(whole: Survey, edits: Sequence[Edit], name: str, kept: Path | None) -> None:
    """Pushes a change of keys as one submission. NoAnswer `key-not-recorded`; the file of a new key that surely nobody
    depends on is removed again, one that may be in use stays."""
    match whole.record.outbox.submit(edits).wait():
        case Pushed():
            return
        case Conflict():
            if kept is not None:
                kept.unlink(missing_ok=True)
            raise NoAnswer.of(
                "key-not-recorded",
                f"the keys of `{name}` were changed by somebody else at the same moment: nothing was changed here",
                hint="look at what they did, then try again",
            )
        case Unsent(message=message):
            stays = f"; the new key stays in `{kept}`, for the push may have arrived" if kept else ""
            raise NoAnswer.of(
                "key-not-recorded",
                f"the change of the keys of `{name}` could not be pushed: {message}{stays}",
                hint="run the same command again when the remote answers",
            )
