"""Waves, cycles and reachability, against what a slow and obvious program says."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.kit.dag import ancestors, cycle, descendants, reversed_edges, waves

GRAPHS = st.dictionaries(st.integers(0, 9), st.sets(st.integers(0, 9), max_size=4), max_size=10)


def acyclic(graph: Mapping[int, set[int]]) -> dict[int, set[int]]:
    return {node: {need for need in needs if need < node} for node, needs in graph.items()}


@given(GRAPHS)
def test_every_edge_goes_forward_and_no_node_is_lost(graph: dict[int, set[int]]) -> None:
    edges = acyclic(graph)
    found = waves(edges)
    place = {node: number for number, wave in enumerate(found) for node in wave}
    assert place.keys() == edges.keys() | {need for needs in edges.values() for need in needs}
    assert sum(map(len, found)) == len(place)
    for node, needs in edges.items():
        assert place[node] == max((place[need] + 1 for need in needs), default=0)


@given(GRAPHS)
def test_a_cycle_is_found_exactly_where_waves_cannot_be_made(graph: dict[int, set[int]]) -> None:
    path = cycle(graph)
    if path is None:
        waves(graph)
        return
    with pytest.raises(ValueError):
        waves(graph)
    assert path[0] == path[-1]
    assert len(set(path)) == len(path) - 1
    assert all(need in graph[node] for node, need in pairwise(path))


@given(GRAPHS, st.integers(0, 9))
def test_descendants_are_those_that_have_it_among_their_ancestors(
    graph: dict[int, set[int]], start: int
) -> None:
    nodes = reversed_edges(graph)
    assert descendants(graph, [start]) == {node for node in nodes if start in ancestors(graph, [node])}


@given(GRAPHS)
def test_the_answer_does_not_depend_on_the_order_of_what_was_given(graph: dict[int, set[int]]) -> None:
    shuffled = {node: sorted(needs, reverse=True) for node, needs in reversed(list(graph.items()))}
    assert cycle(graph) == cycle(shuffled)
    assert waves(acyclic(graph)) == waves(dict(reversed(list(acyclic(graph).items()))))


def test_a_chain_of_ten_thousand_is_no_problem() -> None:
    chain = {number: [number + 1] for number in range(10_000)}
    assert len(waves(chain)) == 10_001
    assert cycle(chain) is None
    path = cycle({**chain, 10_000: [0]})
    assert path is not None
    assert len(path) == 10_002


def test_a_cycle_reads_as_its_path() -> None:
    assert cycle({"app": ["network"], "network": ["dns"], "dns": ["network"]}) == (
        "network",
        "dns",
        "network",
    )
    assert cycle({"a": ["a"]}) == ("a", "a")
    assert cycle({}) is None
    assert waves({}) == ()
