"""Which targets are worth comparing, of all that a glance at a tree shows; nothing is parsed that need not be."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from runner.decisions.affected import Side
from runner.decisions.edges import Graph, judged
from runner.decisions.naming import Naming
from runner.decisions.referred_stacks import Programs
from runner.decisions.reverse_search import (
    by_files,
    by_settings,
    changed_ways,
    is_configuration,
    passing,
    reached_by,
)
from runner.git.ranges import ChangedPath
from runner.model.code import ModuleFacts
from runner.model.code_files import VERSION_FILES
from runner.model.names import TargetName
from runner.model.references import Inputs, OutputReference, references_in
from runner.model.stack import EngineName
from runner.operations.glancing import Glance, leads_on
from runner.source.known_code import KnownCode


def worth_comparing(
    glance: Glance, before: Side, after: Side, differing: Iterable[ChangedPath]
) -> frozenset[TargetName] | None:
    """Targets of `after` whose closures may differ; None where nothing can be ruled out. Of those of Pulumi only what
    the configuration says is looked at: footprints tell the rest."""
    if any(each.path in VERSION_FILES for each in differing):
        return None
    passed = [each.path for each in differing if leads_on(each)]
    changed = changed_ways((each.path for each in differing), glance.links, passed)
    reached = reached_by(changed, glance.edges, glance.hot, glance.links, passing(changed, glance.namings))
    if reached is None:
        return None
    told = {name: (target, after.gates[name.environment]) for name, target in after.targets.items()}
    beside = {target.stack.directory for target in after.targets.values()}
    found = set(by_files(told, reached.directories, changed, valued=bool(reached.valued - beside)))
    if before is not after and any(is_configuration(each.path) for each in differing):
        old = {name: (target, before.gates[name.environment]) for name, target in before.targets.items()}
        found |= set(by_settings(old, told))
    return frozenset(found)


def graph_at(glance: Glance, side: Side, code: KnownCode, programs: Programs) -> Graph:
    """Who needs whom, with only the code parsed that can say so; `programs` are those of Pulumi."""
    needed = needed_for_graph(glance.namings, side)
    for tofu in (False, True):
        asking = [each.stack for each in side.targets.values() if each.stack.directory in needed]
        code.load(
            [each.directory for each in asking if (each.engine.name is EngineName.OPENTOFU) == tofu],
            opentofu=tofu,
        )
    return judged(side.targets, _Some(code, needed), side.gates, programs=programs)


def needed_for_graph(namings: Mapping[str, Naming], side: Side) -> frozenset[str]:
    """The directories of stacks whose code must be parsed to know who needs whom."""
    read = {directory for directory, said in namings.items() if said.remote_state}
    if read:
        read |= {directory for directory, said in namings.items() if said.backend}
    refers: dict[int, bool] = {}
    return frozenset(
        target.stack.directory
        for target in side.targets.values()
        if target.stack.directory in read or _refers(target.environment_inputs, refers)
    )


class _Some(Struct, frozen=True):
    """The facts of some directories; of the others nothing is known."""

    code: KnownCode
    directories: Collection[str]

    def module(self, directory: str, *, opentofu: bool = False) -> ModuleFacts | None:
        """See decisions.edges.ReadModules."""
        return self.code.module(directory, opentofu=opentofu) if directory in self.directories else None


def _refers(inputs: Inputs, known: dict[int, bool]) -> bool:
    """Whether an input is another target's output: then it counts only where a variable is declared."""
    if id(inputs) not in known:
        known[id(inputs)] = any(
            isinstance(reference, OutputReference)
            for each in inputs.values()
            for reference in references_in(each.value)
        )
    return known[id(inputs)]
