"""A tree of files as code: the facts of its directories, read once and in rounds, through the index."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import TypeAlias

from msgspec.structs import replace

from runner.decisions.lookup import FILES, Found, joined, located
from runner.decisions.modules import loaded_files, module_of
from runner.decisions.python_places import LISTING, MANIFESTS, is_requirements
from runner.kit.tree import Kind, Node, Tree, TreeAhead, blob_id
from runner.model.code import FileFacts, ModuleFacts, Symbol, SymbolKind, literal
from runner.source.index import Index
from runner.source.kept_facts import moved

_BESIDE = (Symbol(kind=SymbolKind.MODULE),)

Parse: TypeAlias = Callable[[str, bytes, str], FileFacts]
"""Kind of file, its bytes and its path -> its facts."""


class KnownCode:
    """Implements `decisions.closure.Code`. Nothing is read twice; ids that the tree leaves empty are made. `parse`
    reads what the index lacks; `beside`: another tree of the same repository, whose facts are taken where its files are
    the same."""

    def __init__(self, tree: Tree, index: Index, parse: Parse, beside: KnownCode | None = None) -> None:
        self._tree = tree
        self._index = index
        self._parse = parse
        self._beside = beside
        self._facts: dict[tuple[str, str], FileFacts] = {}
        self._modules: dict[tuple[str, bool], ModuleFacts | None] = {}
        self._nodes: dict[str, Node | None] = {}
        self._links: dict[str, str] = {}
        self.places: dict[str, Found] = {}
        self.answers: dict[Hashable, object] = {}

    def node(self, path: str) -> Node | None:
        """See decisions.lookup.Files."""
        if path not in self._nodes:
            self._nodes[path] = self._named(self._tree.node(path))
        return self._nodes[path]

    def children(self, directory: str) -> tuple[Node, ...]:
        """See decisions.lookup.Files."""
        return tuple(self._named(node) for node in self._tree.children(directory))

    def walk(self, directory: str) -> Iterator[Node]:
        """See decisions.lookup.Files."""
        for node in self._tree.walk(directory):
            yield self._named(node)

    def link(self, path: str) -> str:
        """See decisions.lookup.Files."""
        if path not in self._links:
            self._links[path] = self._tree.read(path).decode(errors="surrogateescape")
        return self._links[path]

    def module(self, directory: str, *, opentofu: bool = False) -> ModuleFacts | None:
        """The facts of `directory` (free of links); None where it holds nothing that the engine would load."""
        key = (directory, opentofu)
        if key not in self._modules:
            self._load([directory], opentofu)
        return self._modules[key]

    def facts(self, path: str, *, template: bool = False) -> FileFacts | None:
        """The facts of one file (a var file, or what a template calls); None where there is no such file."""
        kind = "template" if template else _kind_of(path)
        if (kind, path) not in self._facts:
            self._read([path], kind)
        return self._facts.get((kind, path))

    def program(self, path: str) -> FileFacts | None:
        """The facts of one file of a program that Pulumi runs, in whatever language; None where there is none."""
        self.programs([path])
        return self._facts.get((_program_kind(path), path))

    def programs(self, paths: Iterable[str]) -> None:
        """Reads files of programs in one round a kind."""
        kinds: dict[str, list[str]] = {}
        for path in paths:
            kinds.setdefault(_program_kind(path), []).append(path)
        for kind, some in kinds.items():
            self._read(some, kind)

    def prefetch(self, directories: Iterable[str], *, opentofu: bool = False) -> None:
        """Reads directories, the local modules that they call, transitively, and the templates beside them that they
        fill in: one round a level, and one, however many."""
        wanted = list(dict.fromkeys(directories))
        templates: set[str] = set()
        while wanted:
            self._load(wanted, opentofu)
            templates.update(self._templates(wanted, opentofu))
            called = [
                place
                for directory in wanted
                if (facts := self._modules[directory, opentofu])
                for call in facts.calls
                if (source := literal(call.source or ())) and source.startswith(("./", "../"))
                if (written := joined(directory, source)) is not None
                for place in [located(self, written).path]
            ]
            wanted = [each for each in dict.fromkeys(called) if (each, opentofu) not in self._modules]
        self._read(templates, "template")

    def load(self, directories: Iterable[str], *, opentofu: bool = False) -> None:
        """Reads directories in one round, and nothing that they call."""
        self._load([each for each in directories if (each, opentofu) not in self._modules], opentofu)

    def _templates(self, directories: Iterable[str], opentofu: bool) -> Iterator[str]:
        """Where the templates lie whose paths are plain, from the directory or `path.module`."""
        for directory in directories:
            facts = self._modules[directory, opentofu]
            for reference in facts.references if facts else ():
                if reference.function == "templatefile":
                    text = literal(reference.path[reference.path[:1] == _BESIDE :])
                    place = joined(directory, text.lstrip("/")) if text else None
                    if place is not None:
                        yield located(self, place).path

    def _named(self, node: Node | None) -> Node:
        """`node` with an id, where it is a file or a link."""
        if node is None or node.id or node.kind not in (Kind.FILE, Kind.EXECUTABLE, Kind.LINK):
            return node  # type: ignore[return-value]
        return replace(node, id=blob_id(self._tree.read(node.path)))

    def _load(self, directories: list[str], opentofu: bool) -> None:
        sources: dict[str, dict[str, str]] = {}
        links: dict[str, list[str]] = {}
        if isinstance(self._tree, TreeAhead):
            self._tree.look_at(directories)
        for directory in directories:
            if facts := self._taken_whole(directory, opentofu):
                self._modules[directory, opentofu] = facts
                continue
            children = {node.path.rsplit("/", 1)[-1]: node for node in self._tree.children(directory)}
            names = [name for name, node in children.items() if node.kind in (*FILES, Kind.LINK)]
            sources[directory] = {
                children[name].path: found.path
                for name in loaded_files(names, opentofu=opentofu)
                if (found := located(self, children[name].path)).kind in FILES
            }
            links[directory] = [path for path, real in sources[directory].items() if path != real]
        for kind in ("hcl", "json"):
            self._read(
                {real for files in sources.values() for real in files.values() if _kind_of(real) == kind},
                kind,
            )
        for directory, files in sources.items():
            # Behind a link, spans stay those of the file itself: that is where a person mends it.
            known = {path: self._facts[_kind_of(real), real] for path, real in files.items()}
            facts = module_of(directory, known, links[directory]) if known else None
            self._modules[directory, opentofu] = facts

    def _read(self, paths: Iterable[str], kind: str) -> None:
        wanted: dict[str, str] = {}
        for path in paths:
            node = self.node(path) if (kind, path) not in self._facts else None
            if node is None or node.kind not in FILES:
                continue
            if facts := self._taken(kind, node):
                self._facts[kind, path] = facts
            else:
                wanted[path] = node.id
        known = self._index.load([(kind, blob, path) for path, blob in wanted.items()])
        lacking = {blob: path for path, blob in wanted.items() if path not in known}
        contents: Mapping[str, bytes] = self._tree.read_many(lacking.values())
        made = {wanted[path]: self._parse(kind, content, path) for path, content in contents.items()}
        self._index.store([(kind, blob, facts) for blob, facts in made.items()])
        for path, blob in wanted.items():
            if path in known:
                self._facts[kind, path] = known[path]
            elif blob in made:
                self._facts[kind, path] = made[blob] if path == lacking[blob] else moved(made[blob], path)

    def _taken(self, kind: str, node: Node) -> FileFacts | None:
        """The facts of a file, from the tree beside this one, where it is the same there and was read."""
        other = self._beside
        facts = other._facts.get((kind, node.path)) if other else None
        return facts if facts and other and _same(node, other.node(node.path)) else None

    def _taken_whole(self, directory: str, opentofu: bool) -> ModuleFacts | None:
        """As `_taken`, of a directory that reads nothing through links."""
        other = self._beside
        facts = other._modules.get((directory, opentofu)) if other else None
        if not facts or not other or facts.links:
            return None
        return facts if _same(self.node(directory), other.node(directory)) else None


def _same(one: Node | None, other: Node | None) -> bool:
    return one is not None and other is not None and one.id == other.id != "" and one.kind is other.kind


def _program_kind(path: str) -> str:
    name = posixpath.basename(path)
    if name.endswith(".py"):
        return "python"
    if name.startswith("Pulumi.") and name.endswith((".yaml", ".yml")):
        return "project"
    if name in MANIFESTS or is_requirements(name):
        return "dependencies"
    return "listing" if name.endswith(LISTING) else "source"


def _kind_of(path: str) -> str:
    return "json" if path.endswith(".json") else "hcl"
