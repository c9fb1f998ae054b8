"""What a preview of a pull request came to, target by target: the facts of which comments and checks are made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct, field

from runner.diagnostics import Diagnostic
from runner.model.approval import Standing
from runner.model.environment import ApplyMode
from runner.model.names import TargetName
from runner.model.plan import Plan
from runner.model.verdict import Verdict


class Outcome(StrEnum):
    """How far a target has come on its pull request. HELD_BACK: a stranger's code, which waits for a maintainer to name
    its commit (law 5). The last four are told after an apply."""

    PLANNED = "planned"
    FAILED = "failed"
    HELD_BACK = "held-back"
    SKIPPED = "skipped"
    APPLIED = "applied"
    APPLY_FAILED = "apply-failed"
    PENDING = "pending"
    SUPERSEDED = "superseded"


class TargetPreview(Struct, frozen=True, kw_only=True):
    """One affected target. `plan` is None where none was made, and then `because` says why. `affected` says because of
    what it is looked at. `code` are findings of the static gate (law 5), `diagnostics` what went wrong; `native` the
    engine's own words, free of secrets."""

    target: TargetName
    outcome: Outcome
    plan: Plan | None = None
    because: str = ""
    affected: tuple[str, ...] = ()
    code: tuple[Diagnostic, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    standing: Standing | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    native: str = ""


class Superseded(Struct, frozen=True, kw_only=True):
    """An earlier preview of the same pull request."""

    commit: str
    at: datetime
    summary: str


class RequestPreview(Struct, frozen=True, kw_only=True):
    """The whole of one preview. `commit` is the head, `planned` the merge of it into the branch `into` that was
    planned, `law` the commit whose gates hold. `applies`: how each environment applies. `because` says why nothing is
    affected, where nothing is. `notices` belong to no target; an error among them closes all. `whole` is where the
    document with everything is (a URL), empty where there is none. `queued`: at the head of a merge queue.
    `stranger`: who opened it may not push here."""

    number: int
    commit: str
    planned: str
    into: str
    law: str
    run: str
    at: datetime
    targets: tuple[TargetPreview, ...] = ()
    applies: Mapping[str, ApplyMode] = field(default_factory=lambda: MappingProxyType({}))
    because: str = ""
    notices: tuple[Diagnostic, ...] = ()
    superseded: tuple[Superseded, ...] = ()
    whole: str = ""
    queued: bool = False
    stranger: bool = False
