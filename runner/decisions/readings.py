"""Whether a target was applied with what others give now: the outputs that it read, against those on record.

Digests are compared, never values: they stand in the record whatever `ledger.values` says, and nobody needs a key to
compare them. An output counts as a whole, also where a reference leads to a part of it. A target that reads a whole
state (`terraform_remote_state`, a reference to a stack) reads every output; one that only goes after another
(`depends_on`) reads none. What nobody can say counts as changed (law 10).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from runner.decisions.edges import Edge
from runner.model.entry import Deployment, Entry, Reading
from runner.model.names import TargetName

Readings = Mapping[TargetName, Reading]
Live = Callable[[TargetName], Deployment | None]


def because_read(edges: Iterable[Edge], deployment: Deployment, live: Live) -> str:
    """In words, which output that `deployment` was applied with is another now, by the record; empty for none."""
    good = deployment.good
    for edge in edges:
        if good is not None and reads(edge):
            words = _moved(edge, good, deployment.read, live(edge.target))
            if words:
                return words
    return ""


def reads(edge: Edge) -> bool:
    """Whether values go along the edge, and not only an order."""
    return bool(edge.outputs) or edge.reads_state


def readers_of(names: Iterable[TargetName], edges: Mapping[TargetName, Iterable[Edge]]) -> set[TargetName]:
    """Whose readings may move when `names` are applied: all that read of them, and of those in turn."""
    readers: dict[TargetName, list[TargetName]] = {}
    for name, some in edges.items():
        for edge in some:
            if reads(edge):
                readers.setdefault(edge.target, []).append(name)
    found: set[TargetName] = set()
    pending = list(names)
    while pending:
        more = [each for each in readers.get(pending.pop(), ()) if each not in found]
        found.update(more)
        pending += more
    return found


def read_alike(before: Readings | None, now: Readings, live: Live) -> bool:
    """Whether the record need not learn what was read `now`: by what it says already, nobody is behind."""
    if before is None:
        return not now
    return all(_alike(before.get(name), reading, live(name)) for name, reading in now.items())


def _alike(before: Reading | None, now: Reading, recorded: Deployment | None) -> bool:
    if before is None:
        return False
    if now.entry and before.entry == now.entry:
        return True
    known = recorded.marks if recorded else now.outputs
    return before.outputs == now.outputs and all(mark and each in known for each, mark in now.outputs.items())


def _moved(edge: Edge, good: Entry, read: Readings | None, now: Deployment | None) -> str:
    name = edge.target
    if now is None or now.held:
        return f"`{name}`, whose outputs it was applied with, is not live any more"
    if read is None and now.last.at <= good.at:
        return ""  # an older version did not say what was read; it was read after this
    before = read.get(name) if read is not None else None
    if before is None:
        return f"`{name}` was applied since, and the record does not say what was read of it before"
    if before.entry and before.entry == now.last.id:
        return ""
    names = {*before.outputs, *now.outputs} if edge.reads_state else edge.outputs
    return _told(name, [each for each in sorted(names) if _differs(before, now, each)], now)


def _differs(before: Reading, now: Deployment, output: str) -> bool:
    mark = now.marks.get(output, "")
    return not mark or before.outputs.get(output, "") != mark


def _told(name: TargetName, moved: list[str], now: Deployment) -> str:
    if not moved:
        return ""
    output, more = f"`{name}.{moved[0]}`", f" and {len(moved) - 1} more" if len(moved) > 1 else ""
    if moved[0] not in now.outputs:
        return f"{output}{more}, which it was applied with, is gone"
    if moved[0] not in now.marks:
        return f"the record does not say whether {output}{more} changed"
    return f"{output}{more} changed since it was applied"
