"""The atlas of a tree: who names what in it, which targets it has and who needs whom, as keys and values to be kept.

It says where to look. What is found there is read again from the commits that are compared, so that it costs a miss or
a longer search where it is of an older tree, and `operations.charted` sees to it that a miss cannot be.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from runner import diagnostics
from runner.config.configuration import GatesConfiguration, WishesConfiguration
from runner.decisions.affected import Side
from runner.decisions.edges import Graph
from runner.decisions.reverse_search import names_in_settings
from runner.kit import canonical
from runner.kit.tagged import Tagged
from runner.model import environment, names, references, stack
from runner.model.code import ModuleFacts
from runner.model.references import Json
from runner.model.stack import Stack
from runner.operations.glancing import Glance
from runner.operations.known_programs import KnownPrograms, kept_form
from runner.operations.searching import needed_for_graph
from runner.source.known_code import KnownCode

STACK, ENVIRONMENT, SETTING, NEEDED, READ = "s:", "e:", "i:", "d:", "g:"
"""How keys begin, beside those of edges: of a stack's directory, an environment, a name that settings spell, a target
that others need, a directory whose code says who needs whom."""


RECORDS = Tagged.of(diagnostics, environment, names, references, stack)


class Believed(Struct, frozen=True, kw_only=True):
    """A tree whose configuration was read."""

    tree: str
    gates: GatesConfiguration
    wishes: WishesConfiguration
    side: Side


def drawn(
    believed: Believed, glance: Glance, graph: Graph, code: KnownCode, programs: KnownPrograms
) -> tuple[dict[str, Json], dict[str, Json]]:
    """The head and the values of the atlas of a tree that was read whole."""
    side, gates, wishes = believed.side, believed.gates, believed.wishes
    values: dict[str, Json] = {key: list(some) for key, some in glance.edges.found.items()}
    values.update(_stacks(side))
    values.update(_settings(side))
    for name, own in side.gates.items():
        if name in side.wishes:
            values[ENVIRONMENT + name] = RECORDS.written((own, side.wishes[name]))
    values.update(kept_form(side, programs))
    whole = not graph.diagnostics
    values.update(_needs(graph) if whole else {})
    values.update(_read_for_graph(glance, side, code) if whole else {})
    head: dict[str, Json] = {
        "tree": believed.tree,
        "hot": list[Json](glance.hot),
        "links": list[Json](glance.links),
        "leaves": glance.leaves,
        "states": any(naming.remote_state for naming in glance.namings.values()),
        "graph": whole,
        "targets": len(side.targets),
        "var_files": any(own.terraform.var_files for own in side.gates.values()),
        "layout": list[Json](gates.layout),
        "default_branch": gates.default_branch,
        "tree_files": gates.limits.tree_files,
        "notes": RECORDS.written((*gates.warnings, *wishes.warnings)),
    }
    return head, values


def graph_digest(facts: Iterable[ModuleFacts | None]) -> str:
    """Of what code says that the graph is made of."""
    return canonical.digest([_graph_facts(each) for each in facts])


def _graph_facts(facts: ModuleFacts | None) -> object:
    if facts is None:
        return None
    backend = facts.backend
    return [
        sorted(facts.variables),
        sorted(facts.outputs),
        [backend.type, dict(backend.attributes), list(backend.computed)] if backend else None,
        [
            [each.name, each.backend, dict(each.config), list(each.computed), each.workspace]
            for each in facts.remote_states
        ],
    ]


def _stacks(side: Side) -> Iterable[tuple[str, Json]]:
    """Directory -> its stack, and the environments that have it."""
    homes: dict[str, tuple[Stack, list[Json]]] = {}
    for name, target in side.targets.items():
        homes.setdefault(target.stack.directory, (target.stack, []))[1].append(name.environment)
    for directory, (stack_there, environments) in homes.items():
        yield STACK + directory, [RECORDS.written(stack_there), environments]


def _settings(side: Side) -> dict[str, Json]:
    """Name -> the targets whose settings spell it."""
    known: dict[int, frozenset[str]] = {}
    found: dict[str, list[Json]] = {}
    for name, target in side.targets.items():
        for word in names_in_settings(target, side.gates[name.environment], known):
            found.setdefault(SETTING + word, []).append([target.stack.directory, name.environment])
    return {**found}


def _needs(graph: Graph) -> dict[str, Json]:
    """Target -> those that need it, each with its because."""
    found: dict[str, list[Json]] = {}
    for name, edges in graph.edges.items():
        for edge in edges:
            found.setdefault(NEEDED + str(edge.target), []).append(
                [name.environment, name.stack, edge.because]
            )
    return {**found}


def _read_for_graph(glance: Glance, side: Side, code: KnownCode) -> Iterable[tuple[str, Json]]:
    """Directory -> the digest of what its code says of needs."""
    for directory in needed_for_graph(glance.namings, side):
        yield READ + directory, graph_digest(code.module(directory, opentofu=tofu) for tofu in (False, True))
