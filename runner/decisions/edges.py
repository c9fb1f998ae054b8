"""The graph between targets: what each one needs, because of what; and every reference that leads nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Protocol

from msgspec import Struct

from runner.decisions.closure import Code
from runner.decisions.likeness import way_out
from runner.decisions.referred_stacks import Programs, ReadPrograms, ReferredStacks
from runner.decisions.remote_states import RemoteStates
from runner.diagnostics import Diagnostic, Span
from runner.errors import AskedWrongly
from runner.kit.dag import cycle
from runner.model.code import ModuleFacts
from runner.model.environment import Gates
from runner.model.names import TargetName
from runner.model.references import Input, OutputReference, references_in
from runner.model.stack import EngineName
from runner.model.target import Target


class ReadModules(Protocol):
    """The facts of directories."""

    def module(self, directory: str, *, opentofu: bool = False) -> ModuleFacts | None:
        """None where the engine would load nothing there."""


class Edge(Struct, frozen=True, kw_only=True):
    """Something needs `target`. `outputs` are those that it reads (none for `depends_on`); `reads_state`: it reads the
    whole state (`terraform_remote_state`, a stack reference)."""

    target: TargetName
    because: str
    outputs: tuple[str, ...] = ()
    reads_state: bool = False
    span: Span | None = None


class Graph(Struct, frozen=True, kw_only=True):
    """`edges` has every target as a key; edges to what does not exist are left out and are diagnostics."""

    edges: Mapping[TargetName, tuple[Edge, ...]]
    diagnostics: tuple[Diagnostic, ...] = ()


def graph_edges(
    targets: Mapping[TargetName, Target], code: Code, gates: Mapping[str, Gates] | None = None
) -> dict[TargetName, tuple[Edge, ...]]:
    """The edges of the graph over all `targets`. AskedWrongly with all references that lead nowhere, or the cycle.
    `gates` by environment: their backend settings let `terraform_remote_state` be recognised."""
    graph = judged(targets, code, gates, programs=ReadPrograms(code))
    if graph.diagnostics:
        raise AskedWrongly(graph.diagnostics)
    return dict(graph.edges)


def judged(
    targets: Mapping[TargetName, Target],
    code: ReadModules,
    gates: Mapping[str, Gates] | None = None,
    *,
    programs: Programs | None = None,
) -> Graph:
    """The edges and the diagnostics together; never raises. `programs`: those of Pulumi, for their references to
    stacks; None: nobody asks."""
    facts = {name: module_facts(target, code) for name, target in targets.items()}
    states = RemoteStates(targets, facts, gates or {})
    stacks = ReferredStacks(targets, programs) if programs is not None else None
    problems: list[Diagnostic] = []
    edges: dict[TargetName, tuple[Edge, ...]] = {}
    for name, target in targets.items():
        found: dict[TargetName, Edge] = {}
        for edge in (
            *_written(target),
            *_referred(target, facts),
            *_stated(name, facts[name], states),
            *_programmed(target, stacks),
        ):
            if edge.target not in targets:
                problems.append(_no_target(name, edge, targets))
            elif missing := _no_output(edge, facts[edge.target]):
                problems.append(missing)
            else:
                found[edge.target] = _united(found.get(edge.target), edge)
        edges[name] = tuple(found[each] for each in sorted(found))
    if path := cycle({name: [edge.target for edge in some] for name, some in edges.items()}):
        problems.append(_cyclic(path, edges))
    return Graph(edges=edges, diagnostics=tuple(problems))


def module_facts(target: Target, code: ReadModules) -> ModuleFacts | None:
    """The facts of a target's own code; None for engines whose code cannot be read so."""
    engine = target.stack.engine.name
    if engine is EngineName.PULUMI:
        return None
    return code.module(target.stack.directory, opentofu=engine is EngineName.OPENTOFU)


def reaching(target: Target, facts: ModuleFacts | None) -> Iterator[Input]:
    """The inputs that reach `target`: the environment's only where a variable is declared, and no input of the
    target's own hides it."""
    for name, each in target.environment_inputs.items():
        if name not in target.inputs and (facts is None or name in facts.variables):
            yield each
    yield from target.inputs.values()


def _written(target: Target) -> Iterator[Edge]:
    for need in target.depends_on:
        yield Edge(target=need, because="`depends_on` names it")


def _referred(target: Target, facts: Mapping[TargetName, ModuleFacts | None]) -> Iterator[Edge]:
    for each in reaching(target, facts[target.name]):
        for reference in references_in(each.value):
            if isinstance(reference, OutputReference):
                yield Edge(
                    target=reference.target,
                    because=f"the input `{each.name}` is its output `{reference.output}`",
                    outputs=(reference.output,),
                    span=reference.span or each.span,
                )


def _stated(name: TargetName, facts: ModuleFacts | None, states: RemoteStates) -> Iterator[Edge]:
    for remote in facts.remote_states if facts else ():
        for owner in states.owners(name, remote):
            if owner != name:
                because = f"`data.terraform_remote_state.{remote.name}` reads its state"
                yield Edge(target=owner, because=because, reads_state=True, span=remote.span)


def _programmed(target: Target, stacks: ReferredStacks | None) -> Iterator[Edge]:
    for each in stacks.of(target) if stacks is not None else ():
        yield Edge(target=each.target, because=each.because, reads_state=True, span=each.span)


def _united(before: Edge | None, edge: Edge) -> Edge:
    if before is None:
        return edge
    because = before.because if edge.because in before.because else f"{before.because}; {edge.because}"
    return Edge(
        target=edge.target,
        because=because,
        outputs=tuple(dict.fromkeys((*before.outputs, *edge.outputs))),
        reads_state=before.reads_state or edge.reads_state,
        span=before.span or edge.span,
    )


def _no_target(name: TargetName, edge: Edge, targets: Mapping[TargetName, Target]) -> Diagnostic:
    environment = edge.target.environment
    here = [str(each) for each in targets if each.environment == environment]
    if not here:
        known = {each.environment for each in targets}
        hint = way_out(environment, known, "environments with stacks are")
        message = f"`{name}` needs `{edge.target}`, but there is no environment `{environment}`"
    else:
        hint = way_out(str(edge.target), here, f"`{environment}` has")
        message = f"`{name}` needs `{edge.target}`, which is not in `{environment}`"
    return Diagnostic(code="no-such-target", message=message, span=edge.span, hint=hint)


def _no_output(edge: Edge, facts: ModuleFacts | None) -> Diagnostic | None:
    missing = [each for each in edge.outputs if facts is not None and each not in facts.outputs]
    if not missing or facts is None:
        return None
    return Diagnostic(
        code="no-such-output",
        message=f"`{edge.target}` has no output `{missing[0]}`",
        span=edge.span,
        hint=way_out(missing[0], facts.outputs, "its outputs are"),
    )


def _cyclic(path: tuple[TargetName, ...], edges: Mapping[TargetName, tuple[Edge, ...]]) -> Diagnostic:
    steps = [next(edge for edge in edges[before] if edge.target == after) for before, after in pairwise(path)]
    whys = "; ".join(
        f"`{before}` needs `{step.target}`: {step.because}" for before, step in zip(path, steps, strict=False)
    )
    return Diagnostic(
        code="dependency-cycle",
        message="targets need one another in a circle: " + " → ".join(f"`{each}`" for each in path),
        span=next((step.span for step in steps if step.span), None),
        hint=f"take one of these away: {whys}",
    )
