"""Directed graphs as `node -> what it needs`: waves, a cycle as its path, and what is reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar


class Sortable(Protocol):
    """A key that has an order, so that answers are the same each time."""

    def __lt__(self, other: Any, /) -> bool: ...

    def __hash__(self) -> int: ...


K = TypeVar("K", bound=Sortable)


def _complete(edges: Mapping[K, Iterable[K]]) -> dict[K, tuple[K, ...]]:
    """`edges` with each node as a key, needs sorted and once each."""
    whole = {node: tuple(sorted(set(needs))) for node, needs in edges.items()}
    for need in {need for needs in whole.values() for need in needs} - whole.keys():
        whole[need] = ()
    return {node: whole[node] for node in sorted(whole)}


def reversed_edges(edges: Mapping[K, Iterable[K]]) -> dict[K, tuple[K, ...]]:
    """`node -> what needs it`, every node a key, sorted."""
    whole = _complete(edges)
    users: dict[K, list[K]] = {node: [] for node in whole}
    for node, needs in whole.items():
        for need in needs:
            users[need].append(node)
    return {node: tuple(found) for node, found in users.items()}


def waves(edges: Mapping[K, Iterable[K]]) -> tuple[tuple[K, ...], ...]:
    """All nodes in the earliest wave in which all that they need came before; each wave sorted.

    ValueError where there is a cycle: ask `cycle` first, it has the words for a user.
    """
    whole, users = _complete(edges), reversed_edges(edges)
    missing = {node: len(needs) for node, needs in whole.items()}
    wave = tuple(node for node, count in missing.items() if not count)
    found: list[tuple[K, ...]] = []
    while wave:
        found.append(wave)
        ready = []
        for node in wave:
            for user in users[node]:
                missing[user] -= 1
                if not missing[user]:
                    ready.append(user)
        wave = tuple(sorted(ready))
    if sum(map(len, found)) != len(whole):
        raise ValueError("the graph has a cycle")
    return tuple(found)


def cycle(edges: Mapping[K, Iterable[K]]) -> tuple[K, ...] | None:
    """One cycle as its path, `(a, b, a)` where a needs b needs a; the same one each time. None where there is none."""
    whole = _complete(edges)
    done: set[K] = set()
    for start in whole:
        # An explicit stack: a chain of thousands is no reason to meet Python's recursion limit.
        path: list[K] = []
        standing: set[K] = set()
        pending: list[tuple[K, Iterator[K]]] = []
        follow: K | None = start if start not in done else None
        while follow is not None or pending:
            if follow is not None:
                path.append(follow)
                standing.add(follow)
                pending.append((follow, iter(whole[follow])))
                follow = None
            node, rest = pending[-1]
            for need in rest:
                if need in standing:
                    return (*path[path.index(need) :], need)
                if need not in done:
                    follow = need
                    break
            else:
                pending.pop()
                standing.discard(path.pop())
                done.add(node)
    return None


def ancestors(edges: Mapping[K, Iterable[K]], starts: Iterable[K]) -> frozenset[K]:
    """All that `starts` need, directly or not; a start only where another one needs it."""
    return _reached(_complete(edges), starts)


def descendants(edges: Mapping[K, Iterable[K]], starts: Iterable[K]) -> frozenset[K]:
    """All that need one of `starts`, directly or not; a start only where it needs another one."""
    return _reached(reversed_edges(edges), starts)


def _reached(edges: Mapping[K, tuple[K, ...]], starts: Iterable[K]) -> frozenset[K]:
    found: set[K] = set()
    pending = [follow for start in starts for follow in edges.get(start, ())]
    while pending:
        node = pending.pop()
        if node not in found:
            found.add(node)
            pending.extend(edges.get(node, ()))
    return frozenset(found)
