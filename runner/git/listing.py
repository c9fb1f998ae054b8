"""Every path of a tree, listed once however many ask: one commit is read as code, as gates and as wishes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache

from runner.git.command import GitCommand
from runner.kit.tree import Kind, Node

_KINDS = {"100755": Kind.EXECUTABLE, "120000": Kind.LINK, "040000": Kind.DIRECTORY, "160000": Kind.MODULE}
_AT_ONCE = 4


class Listing:
    """One tree. `written`: path -> kind and id, directories too; nodes are made of it as they are asked for."""

    def __init__(self, root: str, written: Mapping[str, tuple[Kind, str]]) -> None:
        self.root = root
        self._written = written
        self._nodes: dict[str, Node] = {".": Node(path=".", kind=Kind.DIRECTORY, id=root)}

    def node(self, path: str) -> Node | None:
        """What is at `path`, or None."""
        made = self._nodes.get(path)
        if made is None and (found := self._written.get(path)):
            made = self._nodes[path] = Node(path=path, kind=found[0], id=found[1])
        return made

    @cached_property
    def leaves(self) -> Sequence[str]:
        """Paths of all that is no directory, sorted."""
        return sorted(path for path, (kind, _) in self._written.items() if kind is not Kind.DIRECTORY)

    @cached_property
    def below(self) -> Mapping[str, Sequence[str]]:
        """Directory (`.` for the root) -> the paths right in it, sorted."""
        found: dict[str, list[str]] = {}
        for path in sorted(self._written):
            found.setdefault(path.rpartition("/")[0] or ".", []).append(path)
        return found


class Listings:
    """The trees of one clone; the last few are kept."""

    def __init__(self, command: GitCommand) -> None:
        self._command = command
        self.of = lru_cache(maxsize=_AT_ONCE)(self._read)

    def _read(self, root: str) -> Listing:
        lines = self._command.output("ls-tree", "-r", "-t", "-z", "--full-tree", root)
        written: dict[str, tuple[Kind, str]] = {}
        for line in os.fsdecode(lines).split("\0"):
            if line:
                mode, _, rest = line.split(" ", 2)
                oid, _, path = rest.partition("\t")
                written[path] = (_KINDS.get(mode, Kind.FILE), oid)
        return Listing(root, written)
