"""A commit (or a tree) of a clone as a read-only Tree: one `ls-tree`, and one round of `cat-file` a reading."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Generator, Iterable, Iterator, Mapping

from runner.git.listing import Listing
from runner.git.repository import Repository
from runner.kit.tree import Kind, Node

_READABLE = (Kind.FILE, Kind.EXECUTABLE, Kind.LINK)


class CommitTree:
    """See runner.kit.tree.Tree. Listed once, when it is first asked; safe to use from several threads. `treeish` is a
    full commit or tree id, or a name that the clone can resolve: AskedWrongly `no-such-commit` otherwise."""

    def __init__(self, repository: Repository, treeish: str) -> None:
        self._repository = repository
        self._treeish = treeish
        self._lock = threading.Lock()
        self._listed: Listing | None = None

    def node(self, path: str) -> Node | None:
        """See Tree."""
        return self._listing().node(path)

    def children(self, directory: str) -> tuple[Node, ...]:
        """See Tree."""
        listing = self._listing()
        return tuple(node for path in listing.below.get(directory, ()) if (node := listing.node(path)))

    def walk(self, directory: str = ".") -> Iterator[Node]:
        """See Tree."""
        listing = self._listing()
        if directory == ".":
            yield from (node for path in listing.leaves if (node := listing.node(path)))
            return
        prefix = directory + "/"
        for position in range(bisect_left(listing.leaves, prefix), len(listing.leaves)):
            path = listing.leaves[position]
            if not path.startswith(prefix):
                return
            if node := listing.node(path):
                yield node

    def read(self, path: str) -> bytes:
        """See Tree."""
        node = self._listing().node(path)
        if node is None or node.kind not in _READABLE:
            raise KeyError(path)
        return self._repository.objects.read(node.id)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """See Tree."""
        listing = self._listing()
        nodes = ((path, listing.node(path)) for path in paths)
        ids = {path: node.id for path, node in nodes if node and node.kind in _READABLE}
        contents = self._repository.objects.read_many(ids.values())
        return {path: contents[oid] for path, oid in ids.items() if oid in contents}

    def in_turn(self, paths: Iterable[str]) -> Generator[tuple[str, bytes], None, None]:
        """See TreeInTurn."""
        listing = self._listing()
        nodes = [(path, node.id) for path in paths if (node := listing.node(path)) and node.kind in _READABLE]
        contents = self._repository.objects.in_turn(oid for _, oid in nodes)
        for (path, _), (_, content) in zip(nodes, contents, strict=True):
            yield path, content

    def _listing(self) -> Listing:
        with self._lock:
            if self._listed is None:
                repository = self._repository
                self._listed = repository.listings.of(repository.tree_of(self._treeish))
            return self._listed
