"""Read-only file trees: a commit, a directory or a dict behind one Protocol. Paths are POSIX, relative, no `..`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from hashlib import sha1
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec import Struct


class Kind(StrEnum):
    """What a tree holds at a path."""

    FILE = "file"
    EXECUTABLE = "executable"
    LINK = "link"
    DIRECTORY = "directory"
    MODULE = "module"


class Node(Struct, frozen=True, kw_only=True):
    """One thing in a tree. `id` is its Git object id (a blob's for files and links, a tree's for directories, a
    commit's for submodules); a tree that cannot know it leaves it empty."""

    path: str
    kind: Kind
    id: str = ""


class Tree(Protocol):
    """A read-only tree of files."""

    def node(self, path: str) -> Node | None:
        """What is at `path` (`.` is the root), or None. Links are not followed."""

    def children(self, directory: str) -> tuple[Node, ...]:
        """What lies directly in `directory`, sorted by path; empty when there is no such directory."""

    def walk(self, directory: str = ".") -> Iterator[Node]:
        """Every file, link and submodule below `directory`, sorted by path."""

    def read(self, path: str) -> bytes:
        """The bytes of a file (of a link: its target). KeyError when there is none."""

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The bytes of many files at once, in one round; paths that are no files are left out."""


def blob_id(content: bytes) -> str:
    """The id that Git (sha1 object format) gives to a blob of `content`."""
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@runtime_checkable
class TreeAhead(Tree, Protocol):
    """A tree that is quicker where it is told what comes."""

    def look_at(self, directories: Iterable[str]) -> None:
        """Says that the members of `directories` will be asked for."""


@runtime_checkable
class TreeInTurn(Tree, Protocol):
    """A tree that goes on reading while its reader looks at what it has."""

    def in_turn(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The bytes of very many files in the given order; paths that are no files are left out."""


class DictTree:
    """A tree in memory: path -> bytes. Links are given as `path -> Link`."""

    def __init__(self, files: Mapping[str, bytes | str], links: Mapping[str, str] | None = None) -> None:
        self._files = {
            path: content.encode() if isinstance(content, str) else content for path, content in files.items()
        }
        self._links = dict(links or {})
        self._directories = {"."}
        for path in (*self._files, *self._links):
            parts = path.split("/")
            self._directories.update("/".join(parts[:n]) for n in range(1, len(parts)))

    def node(self, path: str) -> Node | None:
        """See Tree."""
        if path in self._files:
            return Node(path=path, kind=Kind.FILE, id=blob_id(self._files[path]))
        if path in self._links:
            return Node(path=path, kind=Kind.LINK, id=blob_id(self._links[path].encode()))
        return Node(path=path, kind=Kind.DIRECTORY) if path in self._directories else None

    def children(self, directory: str) -> tuple[Node, ...]:
        """See Tree."""
        prefix = "" if directory == "." else directory + "/"
        names = (*self._files, *self._links, *(self._directories - {"."}))
        direct = {path for path in names if path.startswith(prefix) and "/" not in path[len(prefix) :]}
        return tuple(node for path in sorted(direct) if (node := self.node(path)))

    def walk(self, directory: str = ".") -> Iterator[Node]:
        """See Tree."""
        prefix = "" if directory == "." else directory + "/"
        for path in sorted((*self._files, *self._links)):
            if path.startswith(prefix) and (node := self.node(path)):
                yield node

    def read(self, path: str) -> bytes:
        """See Tree."""
        return self._links[path].encode() if path in self._links else self._files[path]

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """See Tree."""
        return {path: self.read(path) for path in paths if path in self._files or path in self._links}


class DiskTree:
    """A directory on disk, without what a `.git` holds. Nothing is followed out of it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def node(self, path: str) -> Node | None:
        """See Tree; ids are left empty."""
        try:
            mode = os.lstat(self._root / path).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        if stat.S_ISLNK(mode):
            return Node(path=path, kind=Kind.LINK)
        if stat.S_ISDIR(mode):
            return Node(path=path, kind=Kind.DIRECTORY)
        return (
            Node(path=path, kind=Kind.EXECUTABLE if mode & 0o100 else Kind.FILE)
            if stat.S_ISREG(mode)
            else None
        )

    def children(self, directory: str) -> tuple[Node, ...]:
        """See Tree."""
        place = self._root / directory
        if not place.is_dir() or place.is_symlink():
            return ()
        prefix = "" if directory == "." else directory + "/"
        names = sorted(name for name in os.listdir(place) if name != ".git")
        return tuple(node for name in names if (node := self.node(prefix + name)))

    def walk(self, directory: str = ".") -> Iterator[Node]:
        """See Tree."""
        for node in self.children(directory):
            if node.kind is Kind.DIRECTORY:
                yield from self.walk(node.path)
            else:
                yield node

    def read(self, path: str) -> bytes:
        """See Tree."""
        place = self._root / path
        if place.is_symlink():
            return os.readlink(place).encode()
        if not place.is_file():
            raise KeyError(path)
        return place.read_bytes()

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """See Tree."""
        found = {}
        for path in paths:
            node = self.node(path)
            if node and node.kind in (Kind.FILE, Kind.EXECUTABLE, Kind.LINK):
                found[path] = self.read(path)
        return found
