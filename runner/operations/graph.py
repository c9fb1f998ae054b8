"""`graph`: who needs whom, and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct, field
from msgspec.structs import replace

from runner.decisions.edges import Edge
from runner.diagnostics import Diagnostic
from runner.kit.dag import waves
from runner.model.names import TargetName
from runner.model.selection_request import SelectionRequest
from runner.operations.affected import reached
from runner.operations.bench import Bench
from runner.operations.closures import closure_in
from runner.operations.survey import chosen, survey


class GraphRequest(Struct, frozen=True, kw_only=True):
    """Which targets."""

    selection: SelectionRequest = field(default_factory=SelectionRequest)


class GraphResult(Struct, frozen=True, kw_only=True):
    """`edges`: target -> what it needs, each with its because; `waves` in order; `widened`: target -> the directories
    that count whole as its code because a path is computed, each with the place; `marks`: what a change does to those
    that it touches, where one was named."""

    waves: tuple[tuple[TargetName, ...], ...]
    edges: Mapping[TargetName, tuple[Edge, ...]]
    widened: Mapping[TargetName, tuple[str, ...]]
    marks: Mapping[TargetName, str] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def graph(request: GraphRequest, bench: Bench) -> GraphResult:
    """The graph over the chosen targets, of the work tree. With `changed` it is as large, and marks what the change
    touches. Asks no remote but for history that the clone lacks."""
    changed = request.selection.changed
    touched = reached(bench.tools, changed).rows if changed is not None else {}
    whole = survey(bench, worktree=True, refresh=False)
    targets = chosen(replace(request.selection, changed=None), whole)
    edges = {
        name: tuple(edge for edge in whole.edges.get(name, ()) if edge.target in targets) for name in targets
    }
    closures = {name: closure_in(whole, target) for name, target in targets.items()}
    widened = {name: closure.widened for name, closure in closures.items() if closure.widened}
    return GraphResult(
        waves=waves(whole.needs(targets)),
        edges=edges,
        widened=widened,
        marks={name: str(row.reason) for name, row in touched.items() if name in targets},
        notes=whole.notes,
    )
