"""Catching up: what is behind on a branch is applied as its gates allow, and the rest becomes pending applies."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from runner.decisions.intent import CatchUp, Resume
from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly
from runner.forge import Forge
from runner.model.happening import TargetFinished
from runner.model.names import TargetName
from runner.operations.bench import Bench


class CaughtUp(Struct, frozen=True, kw_only=True):
    """How each target that was behind ended (`pending`: it waits, with what for as its because); the commit that each
    environment was brought to."""

    outcomes: Mapping[TargetName, TargetFinished] = field(default_factory=dict)
    commits: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def catch_up(bench: Bench, forge: Forge, wanted: CatchUp | Resume) -> CaughtUp:
    """Brings the branch's environments (Resume: those of every branch) to its tip as fetched. Level-triggered: called
    again, or late, it comes to the same. RunnerError before anything changed; afterwards all is data."""
    del bench, forge, wanted
    raise AskedWrongly.of("not-yet", "nothing is applied in CI in this version yet")
