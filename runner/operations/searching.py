"""Which targets are worth comparing: a glance at all code of a tree, in bulk, and nothing parsed that need not be."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from runner.decisions.affected import Side
from runner.decisions.edges import Graph, judged
from runner.decisions.lookup import located
from runner.decisions.reverse_search import (
    Changed,
    ReverseSearch,
    by_files,
    by_settings,
    changed_ways,
    is_configuration,
)
from runner.git.ranges import ChangedPath
from runner.kit.tree import Kind, Node, Tree
from runner.model.code import ModuleFacts
from runner.model.mentions import Mentions
from runner.model.names import TargetName
from runner.model.references import Inputs, OutputReference, references_in
from runner.model.stack import EngineName
from runner.source.facts import CodeReader
from runner.source.glance import Needle, calls_files, glanced

_CODE = (".tf", ".tofu", ".tf.json", ".tofu.json")
_VALUES = (".tfvars", ".tfvars.json")
_AT_ONCE = 2000
_VERSIONS = frozenset({".terraform-version", ".opentofu-version", ".tool-versions"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A tree as seen at a glance: `mentions` of the code in each directory, `values`: directories whose files of
    values name a changed path."""

    changed: Changed
    mentions: Mapping[str, Mentions]
    values: frozenset[str]
    hot: frozenset[str]


def glance_at(tree: Tree, code: CodeReader, differing: Collection[ChangedPath]) -> Glance:
    """Reads all code of `tree` once, each content once however often it stands there."""
    nodes = list(tree.walk("."))
    links = {node.path: located(code, node.path).path for node in nodes if node.kind is Kind.LINK}
    passed = [each.path for each in differing if any(mode[:2] in ("12", "16") for mode in each.modes)]
    changed = changed_ways((each.path for each in differing), links, passed)
    needle = Needle(changed.names, map(posixpath.basename, passed))
    mentions: dict[str, Mentions] = {}
    values: set[str] = set()
    for path, said in _glanced(tree, code, nodes, needle):
        directory = posixpath.dirname(path) or "."
        if path.endswith(_VALUES):
            values |= {directory} if said.hit else set()
        else:
            before = mentions.get(directory)
            mentions[directory] = said if before is None else before | said
    hot = _hot(tree, nodes, mentions, code)
    return Glance(changed=changed, mentions=mentions, values=frozenset(values), hot=hot)


def worth_comparing(
    glance: Glance, before: Side, after: Side, code: CodeReader, differing: Iterable[ChangedPath]
) -> frozenset[TargetName] | None:
    """Targets of `after` whose closures may differ; None where nothing can be ruled out."""
    if not glance.changed.whole or any(each.path in _VERSIONS for each in differing):
        return None
    tofu = {
        target.stack.directory
        for target in after.targets.values()
        if target.stack.engine.name is EngineName.OPENTOFU
    }
    search = ReverseSearch(glance.changed, glance.mentions, code, glance.hot, glance.values)
    # A module is loaded by whoever calls it: where OpenTofu is used at all, each may be.
    reached = search.directories(glance.mentions.keys() if tofu else ())
    told = {name: (target, after.gates[name.environment]) for name, target in after.targets.items()}
    beside = {target.stack.directory for target in after.targets.values()}
    found = set(by_files(told, reached, glance.changed, valued=bool(glance.values - beside)))
    if before is not after and any(is_configuration(each.path) for each in differing):
        old = {name: (target, before.gates[name.environment]) for name, target in before.targets.items()}
        found |= set(by_settings(old, told))
    return frozenset(found)


def graph_at(glance: Glance, side: Side, code: CodeReader) -> Graph:
    """Who needs whom, with only the code parsed that can say so."""
    read = {directory for directory, said in glance.mentions.items() if said.remote_state}
    if read:
        read |= {directory for directory, said in glance.mentions.items() if said.backend}
    refers: dict[int, bool] = {}
    needed = {
        target.stack.directory
        for target in side.targets.values()
        if target.stack.directory in read or _refers(target.environment_inputs, refers)
    }
    for tofu in (False, True):
        asking = [each.stack for each in side.targets.values() if each.stack.directory in needed]
        code.load(
            [each.directory for each in asking if (each.engine.name is EngineName.OPENTOFU) == tofu],
            opentofu=tofu,
        )
    return judged(side.targets, _Some(code, needed), side.gates)


@dataclass(frozen=True, slots=True)
class _Some:
    """The facts of some directories; of the others nothing is known."""

    code: CodeReader
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


def _glanced(
    tree: Tree, code: CodeReader, nodes: Iterable[Node], needle: Needle
) -> Iterator[tuple[str, Mentions]]:
    wanted: dict[tuple[str, str], list[str]] = {}
    for node in nodes:
        if not node.path.endswith((*_CODE, *_VALUES)):
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
                    kinds[ending] = glanced(contents[real], path, needle)
                yield path, kinds[ending]


def _hot(
    tree: Tree, nodes: Iterable[Node], mentions: Mapping[str, Mentions], code: CodeReader
) -> frozenset[str]:
    """Last names of templates that read files themselves."""
    doubtful = [directory for directory, said in mentions.items() if said.doubtful]
    code.load(doubtful)
    names = {name for said in mentions.values() for name in said.templates}
    for directory in doubtful:
        facts = code.module(directory)
        for reference in facts.references if facts else ():
            last = reference.path[-1] if reference.path else ""
            if reference.function == "templatefile" and isinstance(last, str):
                names.add(last.rpartition("/")[2])
    templates = [
        node for node in nodes if posixpath.basename(node.path) in names and node.kind is not Kind.MODULE
    ]
    contents = tree.read_many([node.path for node in templates])
    return frozenset(posixpath.basename(path) for path, content in contents.items() if calls_files(content))


def same_configuration(differing: Iterable[ChangedPath]) -> bool:
    """Whether both trees have the same targets with the same settings: files that stayed files hold something else,
    and none of them is configuration."""
    return all(each.is_edit and not is_configuration(each.path) for each in differing)
