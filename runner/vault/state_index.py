"""The table of a target's kept state versions, as it lies beside them in Git. Pure; nothing in it is secret."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from runner.kit.canonical import encode
from runner.model.entry import StoredState
from runner.model.names import TargetName
from runner.model.plan import StateFacts
from runner.vault import StateVersion
from runner.vault.refusals import not_authentic

KEPT = 100
"""How many versions of one state stay."""


class StateIndex(Struct, frozen=True, kw_only=True):
    """`versions` oldest first; `ended` since the target was forgotten or destroyed. The index is a table of contents:
    what it says of a version is believed only when the envelope opens with it."""

    versions: tuple[StateVersion, ...] = ()
    ended: bool = False
    fence: int = 0

    @property
    def newest(self) -> StateVersion | None:
        """The version that stands, ended or not."""
        return self.versions[-1] if self.versions else None

    def standing(self) -> StoredState | None:
        """The state that is live; None before the first and after the end."""
        return None if self.ended or not self.versions else self.versions[-1].stored

    def followed_by(self, version: StateVersion) -> StateIndex:
        """With one version more, and only the newest kept."""
        return StateIndex(versions=(*self.versions, version)[-KEPT:], fence=version.fence)

    def closed(self, fence: int) -> StateIndex:
        """Ended; the versions stay."""
        return replace(self, ended=True, fence=fence)


def written(index: StateIndex) -> bytes:
    """The index as bytes."""
    rows = [
        {
            "version": each.stored.version,
            "ciphertext": each.stored.ciphertext,
            "lineage": each.stored.facts.lineage,
            "serial": each.stored.facts.serial,
            "digest": each.stored.facts.digest,
            "at": each.at.isoformat(),
            "fence": each.fence,
        }
        for each in index.versions
    ]
    return encode({"schema": 1, "ended": index.ended, "fence": index.fence, "versions": rows}) + b"\n"


def read(content: bytes, target: TargetName, ref: str) -> StateIndex:
    """The index that `written` made; `ref` becomes the versions' location. HistoryMoved `state-not-authentic` for bytes
    that it never makes."""
    try:
        table = json.loads(content)
        if table["schema"] != 1:
            raise ValueError("another schema")
        versions = tuple(_version(row, ref) for row in table["versions"])
        if any(one.stored.version >= other.stored.version for one, other in pairwise(versions)):
            raise ValueError("versions out of order")
        return StateIndex(versions=versions, ended=bool(table["ended"]), fence=int(table["fence"]))
    except (ValueError, KeyError, TypeError):
        raise not_authentic(target, "has a table of versions that cannot be read") from None


def _version(row: dict[str, object], ref: str) -> StateVersion:
    facts = StateFacts(lineage=str(row["lineage"]), serial=int(str(row["serial"])), digest=str(row["digest"]))
    stored = StoredState(
        facts=facts,
        store="git",
        version=int(str(row["version"])),
        ciphertext=str(row["ciphertext"]),
        location=ref,
    )
    return StateVersion(
        stored=stored, at=datetime.fromisoformat(str(row["at"])), fence=int(str(row["fence"]))
    )
