"""Which targets are worth comparing: a glance at all code of a tree, in bulk, and nothing parsed that need not be."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct

from runner.decisions.affected import Side
from runner.decisions.edges import Graph, judged
from runner.decisions.lookup import located
from runner.decisions.naming import GatheredEdges, Naming, naming_of
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
from runner.kit.tree import Kind, Node, Tree
from runner.model.code import ModuleFacts
from runner.model.code_files import CODE, VALUES, VERSION_FILES
from runner.model.mentions import Mentions
from runner.model.names import TargetName
from runner.model.references import Inputs, OutputReference, references_in
from runner.model.stack import EngineName
from runner.source.glance import calls_files, glanced
from runner.source.known_code import KnownCode

_AT_ONCE = 2000


class Glance(Struct, frozen=True, kw_only=True):
    """A tree as seen at a glance: `namings` by directory; `hot`: last names of templates that read files themselves;
    `links`: every link, with where it leads; `leaves`: how many files and links there are."""

    namings: Mapping[str, Naming]
    hot: Collection[str]
    links: Mapping[str, str]
    leaves: int


def glance_at(tree: Tree, code: KnownCode, differing: Iterable[ChangedPath]) -> Glance:
    """Reads all code of `tree` once, each content once however often it stands there; of what lies behind paths only
    where `differing` says that links or submodules changed."""
    nodes = list(tree.walk("."))
    namings = namings_of(tree, code, nodes, through=any(map(_passed, differing)))
    return Glance(
        namings=namings,
        hot=_hot(tree, nodes, {name for said in namings.values() for name in said.templates}),
        links={node.path: located(code, node.path).path for node in nodes if node.kind is Kind.LINK},
        leaves=len(nodes),
    )


def worth_comparing(
    glance: Glance, before: Side, after: Side, differing: Iterable[ChangedPath]
) -> frozenset[TargetName] | None:
    """Targets of `after` whose closures may differ; None where nothing can be ruled out. Of those of Pulumi only what
    the configuration says is looked at: footprints tell the rest."""
    if any(each.path in VERSION_FILES for each in differing):
        return None
    passed = [each.path for each in differing if _passed(each)]
    changed = changed_ways((each.path for each in differing), glance.links, passed)
    edges = GatheredEdges.over(glance.namings)
    reached = reached_by(changed, edges, glance.hot, glance.links, passing(changed, glance.namings))
    if reached is None:
        return None
    told = {name: (target, after.gates[name.environment]) for name, target in after.targets.items()}
    beside = {target.stack.directory for target in after.targets.values()}
    found = set(by_files(told, reached.directories, changed, valued=bool(reached.valued - beside)))
    if before is not after and any(is_configuration(each.path) for each in differing):
        old = {name: (target, before.gates[name.environment]) for name, target in before.targets.items()}
        found |= set(by_settings(old, told))
    return frozenset(found)


def _passed(change: ChangedPath) -> bool:
    """Whether paths may go on through it: a link or a submodule, now or before."""
    return any(mode[:2] in ("12", "16") for mode in change.modes)


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


def is_code(path: str) -> bool:
    """Whether an engine may load `path` as its code."""
    return path.endswith(CODE)


def is_values(path: str) -> bool:
    """Whether `path` is a file of values."""
    return path.endswith(VALUES)


def namings_of(tree: Tree, code: KnownCode, nodes: Iterable[Node], *, through: bool) -> dict[str, Naming]:
    """What the code of each directory names."""
    said: dict[str, Mentions] = {}
    values: dict[str, Mentions] = {}
    for path, each in _glanced(tree, code, nodes, through=through):
        directory = posixpath.dirname(path) or "."
        where = values if path.endswith(VALUES) else said
        before = where.get(directory)
        where[directory] = each if before is None else before | each
    doubtful = [directory for directory, each in said.items() if each.doubtful]
    for opentofu in (False, True):
        code.load([each for each in doubtful if said[each].tofu or not opentofu], opentofu=opentofu)
    return {
        directory: naming_of(directory, said.get(directory), values.get(directory), code)
        for directory in {**said, **values}
    }


def _glanced(
    tree: Tree, code: KnownCode, nodes: Iterable[Node], *, through: bool
) -> Iterator[tuple[str, Mentions]]:
    wanted: dict[tuple[str, str], list[str]] = {}
    for node in nodes:
        if not node.path.endswith((*CODE, *VALUES)):
            continue
        found: Node | None = node
        if node.kind is Kind.LINK:
            found = code.node(located(code, node.path).path)
        if found is not None and found.kind in (Kind.FILE, Kind.EXECUTABLE):
            wanted.setdefault((found.id, found.path if found is not node else ""), []).append(node.path)
    places = [(real or paths[0], paths) for (_, real), paths in wanted.items()]
    for start in range(0, len(places), _AT_ONCE):
        some = places[start : start + _AT_ONCE]
        contents = tree.read_many([real for real, _ in some])
        for real, paths in some:
            kinds: dict[str, Mentions] = {}
            for path in paths:
                ending = posixpath.basename(path).partition(".")[2]
                if ending not in kinds:
                    kinds[ending] = glanced(contents[real], path, through=through)
                yield path, kinds[ending]


def _hot(tree: Tree, nodes: Iterable[Node], names: Collection[str]) -> set[str]:
    """Last names of templates, among `names`, that read files themselves, or may lead to one that does."""
    templates = [
        node for node in nodes if posixpath.basename(node.path) in names and node.kind is not Kind.MODULE
    ]
    contents = tree.read_many([node.path for node in templates])
    linked = {posixpath.basename(node.path) for node in templates if node.kind is Kind.LINK}
    return linked | {posixpath.basename(path) for path, content in contents.items() if calls_files(content)}
