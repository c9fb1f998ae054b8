"""A tree of files as the static gate reads it: own facts, made of the bytes each time, and kept in memory alone.

They are in no cache on disk: what an earlier preview ran could have written there that this code is harmless (law 12).
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from runner.decisions.lookup import FILES, Found
from runner.kit.tree import Node, Tree
from runner.model.gate_facts import WrittenFile
from runner.source.gate_hcl import written_hcl, written_template
from runner.source.gate_json import written_json
from runner.source.gate_project import written_project
from runner.source.known_code import KnownCode

READERS: Mapping[str, Callable[[bytes, str], WrittenFile]] = MappingProxyType(
    {"hcl": written_hcl, "json": written_json, "project": written_project, "template": written_template}
)


class GateReader:
    """Implements `decisions.staticgate_reading.GateCode`. `files` is the tree as everybody sees it, `tree` where the
    bytes are; several trees of one repository may share `known`."""

    def __init__(
        self, files: KnownCode, tree: Tree, known: dict[tuple[str, str], WrittenFile] | None = None
    ) -> None:
        self._files = files
        self._tree = tree
        self._known = {} if known is None else known

    @property
    def places(self) -> dict[str, Found]:
        """See decisions.lookup.Files."""
        return self._files.places

    def node(self, path: str) -> Node | None:
        """See decisions.lookup.Files."""
        return self._files.node(path)

    def children(self, directory: str) -> Sequence[Node]:
        """See decisions.lookup.Files."""
        return self._files.children(directory)

    def walk(self, directory: str) -> Iterator[Node]:
        """See decisions.lookup.Files."""
        return self._files.walk(directory)

    def link(self, path: str) -> str:
        """See decisions.lookup.Files."""
        return self._files.link(path)

    def written(self, path: str) -> WrittenFile | None:
        """See GateCode."""
        return self._read(path, _kind_of(path))

    def template(self, path: str) -> WrittenFile | None:
        """See GateCode."""
        return self._read(path, "template")

    def _read(self, path: str, kind: str) -> WrittenFile | None:
        node = self._files.node(path)
        if node is None or node.kind not in FILES:
            return None
        key = (f"{kind}:{path}", node.id)
        if key not in self._known:
            self._known[key] = READERS[kind](self._tree.read(path), path)
        return self._known[key]


def _kind_of(path: str) -> str:
    if posixpath.basename(path).startswith("Pulumi."):
        return "project"
    return "json" if path.endswith(".json") else "hcl"
