"""The order of a run: waves over the chosen targets, and who cannot go because of whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from runner.decisions.edges import Edge
from runner.kit.dag import reversed_edges, waves
from runner.model.names import TargetName


class Skip(Struct, frozen=True, kw_only=True):
    """`target` cannot go, because `cause` did not end well; `through` is the need by which that reaches it."""

    target: TargetName
    cause: TargetName
    through: TargetName

    @property
    def because(self) -> str:
        """In words."""
        if self.cause == self.through:
            return f"it needs `{self.cause}`, which did not end well"
        return f"it needs `{self.through}`, which needs `{self.cause}`, which did not end well"


def needs_among(
    chosen: Iterable[TargetName], edges: Mapping[TargetName, tuple[Edge, ...]]
) -> dict[TargetName, tuple[TargetName, ...]]:
    """`target -> what it needs` among `chosen`, also through targets that were not chosen: the order holds, whoever
    stands between."""
    wanted = set(chosen)
    found = {}
    for name in sorted(wanted):
        reached: set[TargetName] = set()
        seen: set[TargetName] = set()
        pending = [edge.target for edge in edges.get(name, ())]
        while pending:
            need = pending.pop()
            if need in wanted:
                reached.add(need)
            elif need not in seen:
                seen.add(need)
                pending.extend(edge.target for edge in edges.get(need, ()))
        found[name] = tuple(sorted(reached))
    return found


def run_order(
    chosen: Iterable[TargetName], edges: Mapping[TargetName, tuple[Edge, ...]], *, destroy: bool = False
) -> tuple[tuple[TargetName, ...], ...]:
    """The waves: what is needed first, first; to destroy, last. ValueError where there is a cycle."""
    needs = needs_among(chosen, edges)
    return waves(reversed_edges(needs) if destroy else needs)


def skipped(
    needs: Mapping[TargetName, Iterable[TargetName]], stopped: Iterable[TargetName]
) -> tuple[Skip, ...]:
    """Who cannot go after `stopped` (failed, pending, denied), in order of waves, each with the first cause."""
    causes = {name: name for name in stopped}
    found = []
    for wave in waves(needs):
        for name in wave:
            through = next((need for need in sorted(needs.get(name, ())) if need in causes), None)
            if name not in causes and through is not None:
                causes[name] = causes[through]
                found.append(Skip(target=name, cause=causes[through], through=through))
    return tuple(found)
