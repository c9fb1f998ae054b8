"""A commit (or a tree) of a clone as a read-only Tree: one `ls-tree`, and one round of `cat-file` a reading."""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from runner.git.repository import Repository
from runner.kit.tree import Kind, Node

_KINDS = {"100755": Kind.EXECUTABLE, "120000": Kind.LINK, "040000": Kind.DIRECTORY, "160000": Kind.MODULE}
_READABLE = (Kind.FILE, Kind.EXECUTABLE, Kind.LINK)


class CommitTree:
    """See runner.kit.tree.Tree. Listed once, when it is first asked; safe to use from several threads. `treeish` is a
    full commit or tree id, or a name that the clone can resolve: AskedWrongly `no-such-commit` otherwise."""

    def __init__(self, repository: Repository, treeish: str) -> None:
        self._repository = repository
        self._treeish = treeish
        self._lock = threading.Lock()
        self._listed: tuple[str, dict[str, tuple[Kind, str]], list[str]] | None = None
        self._below: dict[str, list[str]] | None = None

    def node(self, path: str) -> Node | None:
        """See Tree."""
        root, found, _ = self._listing()
        if path == ".":
            return Node(path=".", kind=Kind.DIRECTORY, id=root)
        kind, oid = found.get(path, (None, ""))
        return Node(path=path, kind=kind, id=oid) if kind else None

    def children(self, directory: str) -> tuple[Node, ...]:
        """See Tree."""
        _, found, _ = self._listing()
        if self._below is None:
            below: dict[str, list[str]] = {}
            for path in sorted(found):
                below.setdefault(path.rpartition("/")[0] or ".", []).append(path)
            self._below = below
        return tuple(
            Node(path=path, kind=found[path][0], id=found[path][1]) for path in self._below.get(directory, ())
        )

    def walk(self, directory: str = ".") -> Iterator[Node]:
        """See Tree."""
        _, found, leaves = self._listing()
        prefix = "" if directory == "." else directory + "/"
        for position in range(bisect_left(leaves, prefix), len(leaves)):
            path = leaves[position]
            if not path.startswith(prefix):
                return
            yield Node(path=path, kind=found[path][0], id=found[path][1])

    def read(self, path: str) -> bytes:
        """See Tree."""
        kind, oid = self._listing()[1].get(path, (None, ""))
        if kind not in _READABLE:
            raise KeyError(path)
        return self._repository.objects.read(oid)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """See Tree."""
        _, found, _ = self._listing()
        ids = {path: found[path][1] for path in paths if path in found and found[path][0] in _READABLE}
        contents = self._repository.objects.read_many(ids.values())
        return {path: contents[oid] for path, oid in ids.items() if oid in contents}

    def _listing(self) -> tuple[str, dict[str, tuple[Kind, str]], list[str]]:
        with self._lock:
            if self._listed is None:
                root = self._repository.tree_of(self._treeish)
                lines = self._repository.command.output("ls-tree", "-r", "-t", "-z", "--full-tree", root)
                found: dict[str, tuple[Kind, str]] = {}
                for line in os.fsdecode(lines).split("\0"):
                    if line:
                        mode, _, rest = line.split(" ", 2)
                        oid, _, path = rest.partition("\t")
                        found[path] = (_KINDS.get(mode, Kind.FILE), oid)
                leaves = sorted(path for path, (kind, _) in found.items() if kind is not Kind.DIRECTORY)
                self._listed = (root, found, leaves)
            return self._listed
