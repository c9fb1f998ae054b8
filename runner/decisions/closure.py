"""Everything whose content can change what a target plans to, each item with its because.

The closure is also what is laid out for the engine: a file that is not in `paths` does not exist for the plan, so a
miss fails loudly instead of planning something else. It may be too wide, and says where; it is never too narrow.
"""

from __future__ import annotations

import posixpath
from collections.abc import Hashable, Iterable, Mapping
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from runner.decisions.globs import matches
from runner.decisions.lookup import Files
from runner.diagnostics import Diagnostic, Severity
from runner.kit import canonical
from runner.model.code import FileFacts, ModuleFacts
from runner.model.names import TargetName

VERSION = "c1:"
"""Which closure made a digest. A finer one is `c2:`, and is computed beside this one for as long as entries name it."""

ABSENT = "absent"

MOST_TOLD = 3
"""Computed paths that one line of a report names."""


class Code(Files, Protocol):
    """A tree of files, and the facts of its code."""

    def module(self, directory: str, *, opentofu: bool = False) -> ModuleFacts | None:
        """The facts of a directory (free of links); None where the engine would load nothing there."""

    def facts(self, path: str, *, template: bool = False) -> FileFacts | None:
        """The facts of one file: of values (`*.tfvars`), or of what a template calls."""

    def program(self, path: str) -> FileFacts | None:
        """The facts of one file of a program, in whatever language."""

    def programs(self, paths: Iterable[str]) -> None:
        """Says that `program` will be asked for these."""

    @property
    def answers(self) -> dict[Hashable, object]:
        """What was worked out of this tree alone: it stays as it is, and many ask for the same."""


class ItemKind(StrEnum):
    """What an item is. `version` files choose the engine; `absent` is a path whose birth would be read."""

    FILE = "file"
    EXECUTABLE = "executable"
    LINK = "link"
    SUBMODULE = "module"
    ABSENT = "absent"
    VERSION = "version"
    SETTING = "setting"


CONTENT = frozenset({ItemKind.FILE, ItemKind.EXECUTABLE, ItemKind.LINK, ItemKind.SUBMODULE})


class ClosureItem(Struct, frozen=True, kw_only=True):
    """`name`: a path from the repository's root, or a setting (`inputs.region`). `id`: blob id, a submodule's commit,
    `absent`, or the sha256 of a setting's canonical JSON."""

    name: str
    kind: ItemKind
    id: str
    because: str


class Watch(Struct, frozen=True, kw_only=True):
    """Paths below `directory` that match `pattern` (from that directory) belong to the closure, also when they are
    born later."""

    directory: str
    pattern: str
    because: str

    def covers(self, path: str) -> bool:
        """Whether `path` is one of them, or stands where the directory would be."""
        if path == self.directory or self.directory.startswith(path + "/"):
            return True
        prefix = "" if self.directory == "." else self.directory + "/"
        return path.startswith(prefix) and matches(self.pattern, path[len(prefix) :])


class Closure(Struct, frozen=True, kw_only=True):
    """`items` sorted by name. `var_files` in the order in which they are given to the engine, weakest first.
    `modules` are the local directories that are loaded, the stack's own first; `remote` the sources of others.
    `widened` says where a computed path made it wider. `diagnostics`: what cannot be had (errors), or was guessed.
    `fetched` is the digest of the modules as fetched, empty where they were not."""

    target: TargetName
    directory: str
    items: tuple[ClosureItem, ...]
    watches: tuple[Watch, ...] = ()
    var_files: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()
    widened: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    fetched: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """Files and links that must be laid out for the engine, sorted. Submodules are in `submodules`."""
        return tuple(
            item.name
            for item in self.items
            if item.kind in CONTENT | {ItemKind.VERSION} and item.kind is not ItemKind.SUBMODULE
        )

    @property
    def submodules(self) -> Mapping[str, str]:
        """Submodules that something in the closure reaches into -> the commit that is recorded of each."""
        return {item.name: item.id for item in self.items if item.kind is ItemKind.SUBMODULE}

    @property
    def code(self) -> str:
        """The code digest of law 1: what the plan can see, by path from the stack's directory, content and mode; of
        remote modules their sources, and what was fetched where that is known (an entry names it, so that one that was
        not fetched compares with it). Inputs and settings have digests of their own."""
        seen = [
            [posixpath.relpath(item.name, self.directory), item.id, item.kind.value]
            for item in self.items
            if item.kind in CONTENT
        ]
        sources = [[source, ""] for source in self.remote]
        fetched = {"fetched": self.fetched} if self.fetched else {}
        return VERSION + canonical.digest({"files": sorted(seen), "modules": sources, **fetched})

    @property
    def settings(self) -> str:
        """The digest of the configuration's keys that reach the target, as written."""
        kinds = {ItemKind.SETTING, ItemKind.VERSION}
        return VERSION + canonical.digest({item.name: item.id for item in self.items if item.kind in kinds})

    @property
    def widening(self) -> Diagnostic | None:
        """What a user is told of computed paths: which directories count whole, and which places in the code say so."""
        if not self.widened:
            return None
        more = f"; and {len(self.widened) - MOST_TOLD} more" if len(self.widened) > MOST_TOLD else ""
        return Diagnostic(
            code="closure-widened",
            message=f"more counts as the code of `{self.target}` than it may read: "
            + "; ".join(self.widened[:MOST_TOLD])
            + more,
            hint="a literal path, or one below `path.module`, keeps it to that file",
            severity=Severity.NOTE,
        )

    def concerns(self, path: str) -> str:
        """Why a change of `path` (also its birth or end) can change the plan; empty when it cannot."""
        for item in self.items:
            if item.kind is not ItemKind.SETTING and _touches(item, path):
                return item.because
        return next((watch.because for watch in self.watches if watch.covers(path)), "")


def _touches(item: ClosureItem, path: str) -> bool:
    """Whether `path` is the item's, or stands where one of its directories is; what is absent may be born as a
    directory too."""
    inside = item.kind is ItemKind.ABSENT and path.startswith(item.name + "/")
    return item.name == path or item.name.startswith(path + "/") or inside
