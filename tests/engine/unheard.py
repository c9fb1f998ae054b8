"""An engine that is asked while nobody listens to what it tells."""

from __future__ import annotations

from runner.conformance.engine import EngineBench
from runner.engine import EngineEvent, PlanOptions, Workspace
from runner.kit.process import Stop
from runner.model.plan import Planned


def ignored(_: EngineEvent) -> None:
    """Listens to nothing."""


def planned(bench: EngineBench, work: Workspace) -> Planned:
    """The plan of a workspace that is prepared for it."""
    bench.engine.prepare(work, Stop(), ignored)
    return bench.engine.plan(work, PlanOptions(), Stop(), ignored)
