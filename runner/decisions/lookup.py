"""Paths in a tree, followed as the operating system would, and never out of it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Protocol

from msgspec import Struct

MOST_LINKS = 40
"""As many links as Linux follows in one path."""

FILES = frozenset({"file", "executable"})


class TreeNode(Protocol):
    """What stands at a path; `kind` is file, executable, link, directory or module (a submodule), `id` its Git id."""

    @property
    def path(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def id(self) -> str: ...


class Files(Protocol):
    """A read-only tree, as `kit.tree` has it; ids of files and links are never empty here."""

    def node(self, path: str) -> TreeNode | None:
        """What is at `path`; links are not followed."""

    def children(self, directory: str) -> Sequence[TreeNode]:
        """What lies directly in `directory`, sorted."""

    def walk(self, directory: str) -> Iterator[TreeNode]:
        """Every file, link and submodule below `directory`, sorted."""

    def link(self, path: str) -> str:
        """The target of the link at `path`, as written."""

    @property
    def places(self) -> Places:
        """Where paths lead, as far as somebody asked: the tree stays as it is, and many ask for the same."""


class Places(Protocol):
    """Where paths lead, by path."""

    def get(self, path: str, /) -> Found | None:
        """None where nobody asked yet."""

    def __setitem__(self, path: str, found: Found, /) -> None:
        """Keeps it."""


class Found(Struct, frozen=True, kw_only=True):
    """Where a path leads. `path` is free of links; `node` None where nothing is there; `links` those that were
    followed; `problem` is empty, `outside` (the repository), or `loop`. A path into a submodule ends at it."""

    path: str
    node: TreeNode | None
    links: tuple[TreeNode, ...] = ()
    problem: str = ""

    @property
    def kind(self) -> str:
        """The node's kind, empty for nothing."""
        return self.node.kind if self.node else ""


@lru_cache(maxsize=65_536)
def joined(directory: str, path: str) -> str | None:
    """`path` from `directory`, normalised as Go's filepath.Join does; None where that leaves the repository or is
    absolute."""
    if path.startswith(("/", "~")) or "\0" in path:
        return None
    whole = posixpath.normpath(posixpath.join(directory, path))
    return None if whole == ".." or whole.startswith("../") else whole


def located(files: Files, path: str) -> Found:
    """Follows `path` (relative to the root, normalised) through links."""
    found = files.places.get(path)
    if found is None:
        found = files.places[path] = _beside_others(files, path) or followed(files, path)
    return found


def _beside_others(files: Files, path: str) -> Found | None:
    """Where `path` leads, if its directory is no link and nor is it: the way to the directory is gone once for all that
    lies there."""
    directory, slash, name = path.rpartition("/")
    if not slash or name in ("", ".", ".."):
        return None
    place = files.places.get(directory)
    if place is None:
        place = files.places[directory] = followed(files, directory)
    if place.path != directory or place.kind != "directory":
        return None
    node = files.node(path)
    return Found(path=path, node=node) if node is None or node.kind != "link" else None


def followed(files: Files, path: str) -> Found:
    """As `located`, and nothing is remembered."""
    pending = [] if path == "." else path.split("/")[::-1]
    at = "."
    links: list[TreeNode] = []
    while pending:
        step = pending.pop()
        if step in ("", "."):
            continue
        if step == "..":
            if at == ".":
                return Found(path=path, node=None, links=tuple(links), problem="outside")
            at = posixpath.dirname(at) or "."
            continue
        place = step if at == "." else f"{at}/{step}"
        node = files.node(place)
        if node is None or node.kind == "module":
            rest = "/".join([place, *pending[::-1]]) if node is None else place
            return Found(path=rest, node=node, links=tuple(links))
        if node.kind != "link":
            at = place
            continue
        links.append(node)
        target = files.link(place)
        if len(links) > MOST_LINKS:
            return Found(path=path, node=None, links=tuple(links), problem="loop")
        if target.startswith("/") or not target:
            return Found(path=path, node=None, links=tuple(links), problem="outside")
        pending.extend(target.split("/")[::-1])
    return Found(path=at, node=files.node(at), links=tuple(links))
