"""What a run tells while it works. Every report (terminal, JSON lines, markdown) is a fold of these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.model.names import TargetName
from runner.model.plan import Plan
from runner.model.references import Json


class RunStarted(Struct, frozen=True, kw_only=True):
    """`waves` are the targets in order; `commit` the code's, `law` the gates' commit."""

    run: str
    verb: str
    commit: str
    law: str
    waves: tuple[tuple[TargetName, ...], ...]


class TargetStarted(Struct, frozen=True, kw_only=True):
    """A target's work begins."""

    target: TargetName


class TargetProgress(Struct, frozen=True, kw_only=True):
    """A line of progress: `phase` (preparing, planning, applying, recording), `text` already free of secrets;
    `done` of `total` resources while applying, 0 of 0 when unknown."""

    target: TargetName
    phase: str
    text: str
    done: int = 0
    total: int = 0


class PlanReady(Struct, frozen=True, kw_only=True):
    """A plan was made."""

    plan: Plan


class ResourceApplied(Struct, frozen=True, kw_only=True):
    """One resource was changed: `action` as the engine says it, `id` where it has one; `ok` False when it failed."""

    target: TargetName
    address: str
    action: str
    id: str = ""
    ok: bool = True


class TargetFinished(Struct, frozen=True, kw_only=True):
    """`outcome`: succeeded | failed | skipped | unchanged | pending. `entry`: the ledger commit, where one was made."""

    target: TargetName
    outcome: str
    because: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()
    entry: str = ""
    exit_code: int = 0


class Noted(Struct, frozen=True, kw_only=True):
    """Something worth a line that belongs to no target, or to one: a retried push, a recovered run."""

    diagnostic: Diagnostic
    target: TargetName | None = None


class RunFinished(Struct, frozen=True, kw_only=True):
    """The end: how many targets ended how, the exit code, and what to type next."""

    run: str
    outcomes: Mapping[str, int]
    exit_code: int
    next: tuple[str, ...] = ()
    values: Mapping[str, Json] | None = None


Happening: TypeAlias = (
    RunStarted
    | TargetStarted
    | TargetProgress
    | PlanReady
    | ResourceApplied
    | TargetFinished
    | Noted
    | RunFinished
)
