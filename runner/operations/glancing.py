"""A glance at all code of a tree, in bulk: what its directories name, and nothing parsed that need not be."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from runner.decisions.lookup import located
from runner.decisions.naming import GatheredEdges, Naming, naming_of
from runner.git.ranges import ChangedPath
from runner.kit.tree import Kind, Node, Tree, TreeInTurn
from runner.model.code_files import CODE, VALUES
from runner.model.mentions import Mentions
from runner.source.glance import calls_files, glanced
from runner.source.known_code import KnownCode

_LOOKED_AT = (*CODE, *VALUES)

_FEW = 500
"""Files that are read in one round; of more, one is looked at while the next are read."""


class Glance(Struct, frozen=True, kw_only=True):
    """A tree as seen at a glance: `namings` by directory, and their `edges`; `hot`: last names of templates that read
    files themselves; `links`: every link, with where it leads; `leaves`: how many files and links there are."""

    namings: Mapping[str, Naming]
    edges: GatheredEdges
    hot: Collection[str]
    links: Mapping[str, str]
    leaves: int


def glance_at(tree: Tree, code: KnownCode, differing: Iterable[ChangedPath]) -> Glance:
    """Reads all code of `tree` once, each content once however often it stands there; of what lies behind paths only
    where `differing` says that links or submodules changed."""
    nodes = list(tree.walk("."))
    namings = namings_of(tree, code, nodes, through=any(map(leads_on, differing)))
    return Glance(
        namings=namings,
        edges=GatheredEdges.over(namings),
        hot=_hot(tree, nodes, {name for said in namings.values() for name in said.templates}),
        links={node.path: located(code, node.path).path for node in nodes if node.kind is Kind.LINK},
        leaves=len(nodes),
    )


def leads_on(change: ChangedPath) -> bool:
    """Whether paths may go on through it: a link or a submodule, now or before."""
    return any(mode[:2] in ("12", "16") for mode in change.modes)


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
        directory = path.rpartition("/")[0] or "."
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
        if not node.path.endswith(_LOOKED_AT):
            continue
        found: Node | None = node
        if node.kind is Kind.LINK:
            found = code.node(located(code, node.path).path)
        if found is not None and found.kind in (Kind.FILE, Kind.EXECUTABLE):
            wanted.setdefault((found.id, found.path if found is not node else ""), []).append(node.path)
    places = [(real or paths[0], paths) for (_, real), paths in wanted.items()]
    for content, (_, paths) in zip(_contents(tree, [real for real, _ in places]), places, strict=True):
        kinds: dict[str, Mentions] = {}
        for path in paths:
            ending = posixpath.basename(path).partition(".")[2] if len(paths) > 1 else ""
            if ending not in kinds:
                kinds[ending] = glanced(content, path, through=through)
            yield path, kinds[ending]


def _contents(tree: Tree, paths: Sequence[str]) -> Iterator[bytes]:
    """The bytes of every one of `paths`, which are files."""
    if len(paths) > _FEW and isinstance(tree, TreeInTurn):
        yield from (content for _, content in tree.in_turn(paths))
    else:
        contents = tree.read_many(paths)
        yield from (contents[path] for path in paths)


def _hot(tree: Tree, nodes: Iterable[Node], names: Collection[str]) -> set[str]:
    """Last names of templates, among `names`, that read files themselves, or may lead to one that does."""
    templates = [
        node for node in nodes if posixpath.basename(node.path) in names and node.kind is not Kind.MODULE
    ]
    contents = tree.read_many([node.path for node in templates])
    linked = {posixpath.basename(node.path) for node in templates if node.kind is Kind.LINK}
    return linked | {posixpath.basename(path) for path, content in contents.items() if calls_files(content)}
