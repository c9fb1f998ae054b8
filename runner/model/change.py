"""What an engine means to do to one resource or output; the same for every engine (facts/pulumi.md, 5.5)."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from runner.model.references import Json

AttributePath: TypeAlias = tuple[str | int, ...]

SENSITIVE: dict[str, Json] = {"$sensitive": True}
UNKNOWN: dict[str, Json] = {"$unknown": True}


class ChangeKind(StrEnum):
    """What happens. `unknown` is an action that we do not know: it counts as change (law 10)."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    READ = "read"
    IMPORT = "import"
    MOVE = "move"
    FORGET = "forget"
    NO_OP = "no-op"
    UNKNOWN = "unknown"


class AttributeDifference(Struct, frozen=True, kw_only=True):
    """One attribute that differs. `op`: add | remove | change."""

    path: AttributePath
    op: str
    forces_replace: bool = False


class Change(Struct, frozen=True, kw_only=True):
    """`before`/`after` have sensitive values replaced by SENSITIVE and unknown ones by UNKNOWN; `fingerprints` maps a
    sensitive path (JSON text) to the HMAC of its value, so that a changed secret changes the digest. `order` of a
    replacement: create-first | delete-first."""

    address: str
    kind: ChangeKind
    type: str = ""
    name: str = ""
    mode: str = "managed"
    provider: str = ""
    previous_address: str = ""
    deposed: str = ""
    import_id: str = ""
    reason: str = ""
    order: str = ""
    actions: tuple[str, ...] = ()
    before: Json = None
    after: Json = None
    unknown_paths: tuple[AttributePath, ...] = ()
    sensitive_paths: tuple[AttributePath, ...] = ()
    diff: tuple[AttributeDifference, ...] = ()
    fingerprints: tuple[tuple[str, str], ...] = ()


class OutputChange(Struct, frozen=True, kw_only=True):
    """An output that the plan changes, or keeps (`no-op`). `known` is False where the value is unknown before apply;
    `value` is the planned one, SENSITIVE where it is marked."""

    name: str
    kind: ChangeKind
    before: Json = None
    after: Json = None
    known: bool = True
    sensitive: bool = False
    fingerprint: str = ""


class Output(Struct, frozen=True, kw_only=True):
    """A value that a target gives to others. `type` is the engine's type expression, as JSON."""

    value: Json
    sensitive: bool = False
    type: Json = None
