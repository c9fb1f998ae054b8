"""What it takes to read commits and to compare them, and no more: neither the record nor an engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from msgspec import Struct

from runner.config.configuration import GatesConfiguration, WishesConfiguration
from runner.diagnostics import Diagnostic
from runner.git.repository import Repository
from runner.kit.tree import Tree
from runner.model.environment import Gates
from runner.model.references import Json
from runner.model.target import Target
from runner.source.known_code import KnownCode
from runner.source.pages import Pages


class CodeJudged(Struct, frozen=True, kw_only=True):
    """What the static gate says of stacks: what closes, what is only told, and everything that it found, an object a
    target."""

    refusals: tuple[Diagnostic, ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    rows: tuple[Mapping[str, Json], ...] = ()


class CodeTools(Protocol):
    """The tools of one repository, as far as its commits go."""

    @property
    def repository(self) -> Repository:
        """The clone that we stand in."""

    @property
    def here(self) -> str:
        """The working directory, as a path from the repository's root (`.` for the root)."""

    def gates(self, tree: Tree) -> GatesConfiguration:
        """Believes the gates of `tree`; AskedWrongly with all mistakes."""

    def wishes(self, tree: Tree, gates: GatesConfiguration) -> WishesConfiguration:
        """Believes the wishes of `tree`, under `gates`."""

    def code(self, tree: Tree, *, beside: KnownCode | None = None) -> KnownCode:
        """Facts of the code in `tree`, through the index. `beside`: of another tree, that is much the same."""

    def judge_code(self, tree: Tree, code: KnownCode, asked: Iterable[tuple[Target, Gates]]) -> CodeJudged:
        """Reads the stacks of `asked` in `tree`, before anything of them runs, and judges them by the `allow:` that is
        written in their gates."""

    def document(self, path: str, content: bytes, nodes: int) -> Json:
        """What a file of YAML says, of at most so many nodes. AskedWrongly when it cannot be read."""

    def pages(self) -> Pages | None:
        """What this clone keeps of the tree that was read last, where it was read as we would read it now."""

    def keep(self, head: Mapping[str, Json], values: Mapping[str, Json]) -> None:
        """Keeps it for the next time."""
