"""`graph`: who needs whom, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.decisions.edges import Edge
from runner.diagnostics import Diagnostic
from runner.kit.dag import waves
from runner.model.names import TargetName
from runner.model.selection_request import SelectionRequest
from runner.operations.bench import Bench
from runner.operations.closures import closure_in
from runner.operations.survey import chosen, survey


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphRequest:
    """Which targets."""

    selection: SelectionRequest = field(default_factory=SelectionRequest)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphResult:
    """`edges`: target -> what it needs, each with its because; `waves` in order; `widened`: target -> the directories
    that count whole as its code because a path is computed, each with the place."""

    waves: tuple[tuple[TargetName, ...], ...]
    edges: Mapping[TargetName, tuple[Edge, ...]]
    widened: Mapping[TargetName, tuple[str, ...]]
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def graph(request: GraphRequest, bench: Bench) -> GraphResult:
    """The graph over the chosen targets, of the work tree. Asks no remote."""
    whole = survey(bench, worktree=True, refresh=False)
    targets = chosen(request.selection, whole)
    edges = {
        name: tuple(edge for edge in whole.edges.get(name, ()) if edge.target in targets) for name in targets
    }
    closures = {name: closure_in(whole, target) for name, target in targets.items()}
    widened = {name: closure.widened for name, closure in closures.items() if closure.widened}
    return GraphResult(waves=waves(whole.needs(targets)), edges=edges, widened=widened, notes=whole.notes)
