"""A tree of a clone, read object by object as it is asked for: what few look at of a large one costs little."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from runner.git.objects import TreeItem
from runner.git.repository import Repository
from runner.kit.tree import Kind, Node

_KINDS = {"100755": Kind.EXECUTABLE, "120000": Kind.LINK, "40000": Kind.DIRECTORY, "160000": Kind.MODULE}
_READABLE = (Kind.FILE, Kind.EXECUTABLE, Kind.LINK)


class WalkedTree:
    """See runner.kit.tree.Tree. `tree` is the id of a tree."""

    def __init__(self, repository: Repository, tree: str) -> None:
        self._objects = repository.objects
        self._tree = tree
        self._items: dict[str, Mapping[str, TreeItem]] = {}
        """By directory; empty where there is none."""
        self._nodes: dict[str, Node | None] = {".": Node(path=".", kind=Kind.DIRECTORY, id=tree)}

    def node(self, path: str) -> Node | None:
        """See Tree."""
        if path not in self._nodes:
            directory, _, name = path.rpartition("/")
            item = self._in(directory or ".").get(name)
            self._nodes[path] = _node(path, item) if item is not None else None
        return self._nodes[path]

    def children(self, directory: str) -> tuple[Node, ...]:
        """See Tree."""
        prefix = "" if directory == "." else directory + "/"
        paths = [prefix + name for name in self._in(directory)]
        return tuple(node for path in sorted(paths) if (node := self.node(path)))

    def walk(self, directory: str = ".") -> Iterator[Node]:
        """See Tree."""
        found: list[Node] = []
        pending = [directory]
        while pending:
            self.look_at(pending)
            inner: list[Node] = []
            for place in pending:
                for node in self.children(place):
                    (inner if node.kind is Kind.DIRECTORY else found).append(node)
            pending = [node.path for node in inner]
        yield from sorted(found, key=lambda node: node.path)

    def read(self, path: str) -> bytes:
        """See Tree."""
        node = self.node(path)
        if node is None or node.kind not in _READABLE:
            raise KeyError(path)
        return self._objects.read(node.id)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """See Tree."""
        nodes = ((path, self.node(path)) for path in paths)
        ids = {path: node.id for path, node in nodes if node and node.kind in _READABLE}
        contents = self._objects.read_many(ids.values())
        return {path: contents[oid] for path, oid in ids.items() if oid in contents}

    def look_at(self, directories: Iterable[str]) -> None:
        """Says that `directories` will be asked for: they are read in one round a level."""
        parts = [directory.split("/") for directory in directories if directory != "."]
        self._read({"."})
        for depth in range(1, max(map(len, parts), default=0) + 1):
            self._read({"/".join(each[:depth]) for each in parts if len(each) >= depth})

    def _in(self, directory: str) -> Mapping[str, TreeItem]:
        if directory not in self._items:
            self._read({directory})
        return self._items[directory]

    def _read(self, directories: Iterable[str]) -> None:
        places = {place: self.node(place) for place in directories if place not in self._items}
        wanted = {place: node.id for place, node in places.items() if node and node.kind is Kind.DIRECTORY}
        found = self._objects.trees(wanted.values())
        for place in places:
            self._items[place] = found[wanted[place]] if place in wanted else {}


def _node(path: str, item: TreeItem) -> Node:
    return Node(path=path, kind=_KINDS.get(item.mode, Kind.FILE), id=item.id)
