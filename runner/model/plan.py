"""Computed changes with a digest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.model.change import Change, ChangeKind, OutputChange
from runner.model.names import TargetName
from runner.model.stack import EngineIdentity


class PlanKind(StrEnum):
    """Law 9. A provisional plan cannot be approved; a deferred one was not made."""

    PLANNED = "planned"
    PROVISIONAL = "provisional"
    DEFERRED = "deferred"


class StateFacts(Struct, frozen=True, kw_only=True):
    """What a state says of itself. An absent state has an empty lineage, serial 0 and an empty digest (sha256 hex of
    its plain bytes)."""

    lineage: str = ""
    serial: int = 0
    digest: str = ""


class Digests(Struct, frozen=True, kw_only=True):
    """The named digests of law 1, each `c1:`+sha256 hex (or HMAC hex for inputs)."""

    changes: str
    outputs: str
    code: str
    inputs: str
    engine: str
    lineage: str
    plan: str


class Counts(Struct, frozen=True, kw_only=True):
    """How many resources a plan touches. A replacement counts once; moves, reads and outputs are not resources made."""

    create: int = 0
    update: int = 0
    replace: int = 0
    delete: int = 0
    read: int = 0
    imported: int = 0
    move: int = 0
    forget: int = 0
    unknown: int = 0
    outputs: int = 0


class Planned(Struct, frozen=True, kw_only=True):
    """What an engine computed, normalised; no secret in it. `changed` is the engine's own word that there is something
    to apply, never derived from counts. `diagnostics` are the engine's warnings."""

    changes: tuple[Change, ...]
    outputs: tuple[OutputChange, ...]
    changed: bool
    complete: bool
    errored: bool = False
    drift: tuple[Change, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    checks: tuple[Mapping[str, str], ...] = ()


class Plan(Struct, frozen=True, kw_only=True):
    """One target's plan, bound to what it was made of. `planned` is None where it is deferred; `because` says why it
    is what it is; `age` (seconds) is that of a kept plan of the same, None where this run made it; `run` made it."""

    target: TargetName
    kind: PlanKind
    engine: EngineIdentity | None
    planned: Planned | None
    digests: Digests | None
    state: StateFacts
    commit: str
    made_at: datetime
    destroy: bool = False
    partial: tuple[str, ...] = ()
    because: str = ""
    age: float | None = None
    run: str = ""

    @property
    def changed(self) -> bool:
        """Whether the engine says that there is something to apply; a plan that was not made counts as change."""
        return self.planned is None or self.planned.changed

    @property
    def digest(self) -> str:
        """The digest that a person names: empty where nothing was planned."""
        return self.digests.plan if self.digests else ""


def counted(planned: Planned) -> Counts:
    """The counts of `planned`, drift left out."""
    kinds = [change.kind for change in planned.changes]
    return Counts(
        create=kinds.count(ChangeKind.CREATE),
        update=kinds.count(ChangeKind.UPDATE),
        replace=kinds.count(ChangeKind.REPLACE),
        delete=kinds.count(ChangeKind.DELETE),
        read=kinds.count(ChangeKind.READ),
        imported=kinds.count(ChangeKind.IMPORT),
        move=kinds.count(ChangeKind.MOVE),
        forget=kinds.count(ChangeKind.FORGET),
        unknown=kinds.count(ChangeKind.UNKNOWN),
        outputs=sum(output.kind is not ChangeKind.NO_OP for output in planned.outputs),
    )
