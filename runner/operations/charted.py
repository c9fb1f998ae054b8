"""A tree by the atlas of an earlier one: what differs between the two is read anew, and laid over it.

Exact, or not used at all: where a difference may change which targets there are, with which settings, or who needs
whom, or where it is large, the tree is read whole, and its own atlas is kept.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from runner.config.targets import target_of
from runner.decisions.affected import Side
from runner.decisions.edges import Edge, Graph
from runner.decisions.footprint import Touched, touched_by
from runner.decisions.lookup import located
from runner.decisions.naming import FILLS, GatheredEdges, Naming
from runner.decisions.reverse_search import ANY, changed_ways, reached_by
from runner.diagnostics import Diagnostic
from runner.git.ranges import ChangedPath, changed_paths
from runner.git.walked_tree import WalkedTree
from runner.kit.tree import Tree
from runner.model.environment import Gates, Wishes
from runner.model.names import TargetName
from runner.model.target import Target
from runner.operations.atlas import ENVIRONMENT, NEEDED, READ, RECORDS, SETTING, STACK, graph_digest
from runner.operations.code_tools import CodeTools
from runner.operations.glancing import is_code, is_values, namings_of
from runner.operations.known_programs import (
    PROGRAM,
    Home,
    KnownProgram,
    crossing,
    program_at,
    words_kept,
)
from runner.operations.staying import plain, targets_stay
from runner.source.known_code import KnownCode
from runner.source.pages import Pages

MOST_DRIFT = 2000
"""Paths by which a tree may differ from that of the atlas; beyond it reading all is as cheap."""

MOST_PROGRAMS = 16
"""Programs that may be others than in the atlas: each of them is read again every time, until there is a new atlas."""


class Overlaid(Struct, frozen=True, kw_only=True):
    """Edges of the atlas, but for the directories that were read anew. See decisions.naming.Edges."""

    pages: Pages
    anew: Mapping[str, Naming]
    found: GatheredEdges

    def of(self, key: str) -> Collection[str]:
        """See Edges."""
        kept: Any = self.pages.get(key) or ()
        return [*(each for each in kept if each not in self.anew), *self.found.of(key)]


class Charted(Struct, frozen=True, kw_only=True):
    """The tree `id`, of which the atlas of another one tells where to look."""

    id: str
    tools: CodeTools
    pages: Pages
    tree: WalkedTree
    code: KnownCode
    edges: Overlaid
    hot: frozenset[str]
    links: Mapping[str, str]
    programs: Mapping[Home, KnownProgram]
    """Those of Pulumi that are other ones than in the atlas."""

    @property
    def targets(self) -> int:
        """How many there are."""
        return int(self._head["targets"])

    @property
    def notes(self) -> tuple[Diagnostic, ...]:
        """Warnings about its configuration."""
        return tuple(RECORDS.read(self._head["notes"]))

    def compares_with(self, tree: str, differing: Iterable[ChangedPath]) -> bool:
        """Whether `tree` has the same targets with the same settings, and differs in plain files alone."""
        other = WalkedTree(self.tools.repository, tree)
        layout = self._head["layout"]
        return all(map(plain, differing)) and targets_stay(differing, other, self.tree, layout)

    def reached_by(self, differing: Sequence[ChangedPath], before: Tree) -> Side | None:
        """The tree with those of its targets whose closures `differing`, since `before`, may reach; None where nothing
        can be ruled out."""
        changed = changed_ways((each.path for each in differing), self.links, ())
        reached = reached_by(changed, self.edges, self.hot, self.links)
        if reached is None:
            return None
        if self._head["var_files"] and any(not self.pages.get(STACK + each) for each in reached.valued):
            return None
        homes: dict[tuple[str, str], None] = {}
        for directory in sorted(reached.directories):
            kept: Any = self.pages.get(STACK + directory) if not self.pages.get(PROGRAM + directory) else None
            homes.update({(directory, environment): None for environment in (kept[1] if kept else ())})
        for name in sorted({*changed.names, ANY}):
            said: Any = self.pages.get(SETTING + name) or ()
            homes.update(dict.fromkeys((directory, environment) for directory, environment in said))
        touched = touched_by((each.path for each in differing), before, self.tree)
        anew = {home for home, program in self.programs.items() if program.footprint.crosses(touched)}
        homes.update(dict.fromkeys(sorted(anew | (crossing(self.pages, touched) - self.programs.keys()))))
        return side_with(self.pages, homes, self.code)

    def graph(self, rows: Iterable[TargetName]) -> Graph:
        """Who needs one of `rows`, directly or through others."""
        edges: dict[TargetName, tuple[Edge, ...]] = dict.fromkeys(rows, ())
        pending = list(edges)
        for need in pending:
            users: Any = self.pages.get(NEEDED + str(need)) or ()
            for environment, stack, because in users:
                user = TargetName(environment=environment, stack=stack)
                if user not in edges:
                    pending.append(user)
                edges[user] = (*edges.get(user, ()), Edge(target=need, because=because))
        return Graph(edges=edges)

    @property
    def _head(self) -> Mapping[str, Any]:
        return self.pages.head


def side_with(pages: Pages, homes: Iterable[Home], code: KnownCode) -> Side:
    """The tree of `code`, whose configuration is that of the atlas, with some of its targets."""
    gates: dict[str, Gates] = {}
    wishes: dict[str, Wishes] = {}
    targets: dict[TargetName, Target] = {}
    for directory, environment in homes:
        if environment not in gates:
            gates[environment], wishes[environment] = RECORDS.read(pages.get(ENVIRONMENT + environment))
        kept: Any = pages.get(STACK + directory)
        target = target_of(wishes[environment], RECORDS.read(kept[0]))
        targets[target.name] = target
    return Side(
        targets={name: targets[name] for name in sorted(targets)},
        wishes={},
        gates=gates,
        code=code,
        most_items=int(str(pages.head["tree_files"])),
    )


def charted(tools: CodeTools, tree_id: str) -> Charted | None:
    """The tree `tree_id` by what this clone keeps; None where that is nothing, or too little. PagesDamaged, then and
    later."""
    pages = tools.pages()
    if pages is None:
        return None
    head: Mapping[str, Any] = pages.head
    repository = tools.repository
    if not head["graph"] or not repository.objects.has((head["tree"], tree_id)):
        return None
    drift = changed_paths(repository, head["tree"], tree_id) if head["tree"] != tree_id else ()
    born = sum(not each.before for each in drift)
    if len(drift) > MOST_DRIFT or head["leaves"] + born > head["tree_files"] or not all(map(plain, drift)):
        return None
    tree, older = WalkedTree(repository, tree_id), WalkedTree(repository, head["tree"])
    if not targets_stay(drift, older, tree, head["layout"]):
        return None
    code = tools.code(tree)
    links = {path: located(code, path).path for path in head["links"]}
    changed = changed_ways((each.path for each in drift), links, ())
    if not changed.whole:
        return None
    anew = _read_anew(tree, code, changed.places)
    if not _same_needs(pages, anew, code):
        return None
    touched = touched_by((each.path for each in drift), older, tree)
    programs = _programs_anew(pages, touched, code)
    if programs is None:
        return None
    return Charted(
        id=tree_id,
        tools=tools,
        pages=pages,
        tree=tree,
        code=code,
        edges=Overlaid(pages=pages, anew=anew, found=GatheredEdges.over(anew)),
        hot=frozenset(_hot(pages, anew, changed.places)),
        links=links,
        programs=programs,
    )


def _programs_anew(pages: Pages, touched: Touched, code: KnownCode) -> Mapping[Home, KnownProgram] | None:
    """The programs that the way from the atlas to this tree crosses; None where they are many, or name other stacks."""
    homes = crossing(pages, touched)
    if len(homes) > MOST_PROGRAMS:
        return None
    side = side_with(pages, homes, code)
    found: dict[Home, KnownProgram] = {}
    for name, target in side.targets.items():
        directory, environment = home = target.stack.directory, name.environment
        found[home] = program_at(target, side.gates[environment], code)
        if not found[home].words.same_stacks(words_kept(pages, directory)[environment]):
            return None
    return found


def _read_anew(tree: WalkedTree, code: KnownCode, places: Iterable[str]) -> dict[str, Naming]:
    """What the directories with code or values among `places` name now; one that has neither any more names nothing."""
    directories = {posixpath.dirname(each) or "." for each in places if is_code(each) or is_values(each)}
    tree.look_at(directories)
    nodes = [node for directory in directories for node in tree.children(directory)]
    found = namings_of(tree, code, nodes, through=False)
    return {directory: found.get(directory) or Naming() for directory in directories}


def _same_needs(pages: Pages, anew: Mapping[str, Naming], code: KnownCode) -> bool:
    """Whether the code that was read anew says the same of who needs whom."""
    states = pages.head["states"]
    for directory, naming in anew.items():
        before = pages.get(READ + directory)
        if before is not None:
            if before != graph_digest(code.module(directory, opentofu=tofu) for tofu in (False, True)):
                return False
        elif naming.remote_state or (states and naming.backend):
            return False
    return True


def _hot(pages: Pages, anew: Mapping[str, Naming], places: Iterable[str]) -> Iterator[str]:
    """Last names of templates that may read files themselves: those of old, those that changed, and those that nobody
    looked at."""
    kept: Any = pages.head["hot"]
    yield from kept
    for place in places:
        name = posixpath.basename(place)
        if pages.get(FILLS + name) is not None:
            yield name
    for naming in anew.values():
        for name in naming.templates:
            if pages.get(FILLS + name) is None:
                yield name
