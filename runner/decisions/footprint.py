"""What a reading asked of a tree: had each answer been the same in another tree, the reading would be the same.

So a change that touches nothing of it cannot make a difference, whatever the reading was about. It is recorded while
the reading goes on, and not thought out beforehand.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar, cast

from msgspec import Struct, field

from runner.decisions.closure import Code
from runner.decisions.lookup import Found, TreeNode, followed
from runner.model.code import FileFacts, ModuleFacts

T = TypeVar("T")


class Asked(Struct):
    """`places`: what stands there was asked, and something did; `listed`: directories whose names were asked, with the
    kind of each; `walked`: directories of which all was asked."""

    places: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    walked: set[str] = field(default_factory=set)

    def add(self, other: Asked) -> None:
        """What `other` asked was asked here too."""
        self.places |= other.places
        self.listed |= other.listed
        self.walked |= other.walked

    @property
    def footprint(self) -> Footprint:
        """Without what lies below a directory of which all was asked."""
        return Footprint(
            places=frozenset(each for each in self.places if not self._below(each)),
            listed=frozenset(
                each for each in self.listed if each not in self.walked and not self._below(each)
            ),
            walked=frozenset(each for each in self.walked if not self._below(each)),
        )

    def _below(self, path: str) -> bool:
        return bool(self.walked) and any(each in self.walked for each in directories_above(path))


class Footprint(Struct, frozen=True, kw_only=True):
    """See Asked."""

    places: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()
    walked: frozenset[str] = frozenset()

    def crosses(self, touched: Touched) -> bool:
        """Whether a change could make a difference."""
        return not (
            self.places.isdisjoint(touched.places)
            and self.listed.isdisjoint(touched.listings)
            and self.walked.isdisjoint(touched.above)
        )


class Touched(Struct, frozen=True, kw_only=True):
    """A change between two trees. `places`: paths that differ, and directories that came or went; `listings`:
    directories in which something came, went, or became of another kind; `above`: every directory with a difference
    below it, and `places`."""

    places: frozenset[str]
    listings: frozenset[str]
    above: frozenset[str]


class Nodes(Protocol):
    """As much of a tree as tells what stands where."""

    def node(self, path: str) -> TreeNode | None:
        """What is at `path`; links are not followed."""


def touched_by(paths: Iterable[str], before: Nodes, after: Nodes) -> Touched:
    """`paths`: all that differ between the two trees."""
    places, listings = set(paths), set()
    above = {each for path in places for each in directories_above(path)}
    for place in [*places, *above]:
        one, other = _kind(before, place), _kind(after, place)
        if one != other:
            places.add(place)
            listings.add(posixpath.dirname(place) or ".")
    return Touched(places=frozenset(places), listings=frozenset(listings), above=frozenset(above | places))


def _kind(tree: Nodes, place: str) -> str:
    found = tree.node(place)
    return found.kind if found is not None else ""


def directories_above(path: str) -> Iterator[str]:
    """The directories that hold `path`, the root (`.`) last."""
    while path not in ("", "."):
        path = posixpath.dirname(path) or "."
        yield path


class Traced:
    """Code, of which is recorded what is asked. What was worked out of a tree for one reading serves others, and counts
    as asked by each. See decisions.closure.Code."""

    def __init__(self, code: Code) -> None:
        self.asked = Asked()
        self._code = code
        self.answers = code.answers
        self._mine: set[Hashable] = set()
        self.places = _Places(self)

    def remembered(self, key: Hashable, found: Callable[[], T]) -> T:
        """What `found` says, which asks only this tree, and says the same whenever `key` is the same."""
        known = cast("tuple[T, Asked] | None", self.answers.get(key))
        if known is None:
            outer, mine = self.asked, self._mine
            self.asked, self._mine = Asked(), set()
            try:
                known = found(), self.asked
            finally:
                self.asked, self._mine = outer, mine
            self.answers[key] = known
        if key not in self._mine:
            self._mine.add(key)
            self.asked.add(known[1])
        return known[0]

    def node(self, path: str) -> TreeNode | None:
        """See decisions.lookup.Files. Of nothing, the directory in which it would be born is remembered."""
        found = self._code.node(path)
        if found is None:
            self.asked.listed.add(posixpath.dirname(path) or ".")
        else:
            self.asked.places.add(path)
        return found

    def children(self, directory: str) -> Sequence[TreeNode]:
        """See Files: their names and kinds, not what they hold."""
        self.asked.listed.add(directory)
        return self._code.children(directory)

    def walk(self, directory: str) -> Iterator[TreeNode]:
        """See Files."""
        self.asked.walked.add(directory)
        return self._code.walk(directory)

    def link(self, path: str) -> str:
        """See Files."""
        self.asked.places.add(path)
        return self._code.link(path)

    def program(self, path: str) -> FileFacts | None:
        """See Code."""
        self.node(path)
        return self._code.program(path)

    def programs(self, paths: Iterable[str]) -> None:
        """See Code: nothing is known of them by that."""
        self._code.programs(paths)

    def facts(self, path: str, *, template: bool = False) -> FileFacts | None:
        """See Code."""
        self.node(path)
        return self._code.facts(path, template=template)

    def module(self, directory: str, *, opentofu: bool = False) -> ModuleFacts | None:
        """See Code. Its files may lie behind links, which nobody records: it may have asked anything."""
        self.asked.walked.add(".")
        return self._code.module(directory, opentofu=opentofu)


class _Places:
    """Where paths lead, each followed once, and counted as asked by whoever asks."""

    def __init__(self, traced: Traced) -> None:
        self._traced = traced

    def get(self, path: str) -> Found | None:
        """See decisions.lookup.Places: always known, or found now."""
        return self._traced.remembered(("place", path), lambda: followed(self._traced, path))

    def __setitem__(self, path: str, found: Found) -> None:
        """See Places: nothing is left to keep."""
