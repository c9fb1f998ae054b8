"""Where shared refs live: at a remote, or in the clone itself. One contract, so that their semantics are one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct


class RefNaming(Struct, frozen=True, kw_only=True):
    """How refs are called where they live. `branches`: `refs/runner/X` is kept as `refs/heads/runner/X`, which forges
    can protect (DESIGN, section 4: `ledger.refs`)."""

    branches: bool = False

    def there(self, ref: str) -> str:
        """The name at the place of one of our refs (or patterns)."""
        if self.branches and ref.startswith("refs/runner/"):
            return "refs/heads/runner/" + ref.removeprefix("refs/runner/")
        return ref

    def here(self, ref: str) -> str:
        """The inverse of `there`."""
        if self.branches and ref.startswith("refs/heads/runner/"):
            return "refs/runner/" + ref.removeprefix("refs/heads/runner/")
        return ref


class Move(Struct, frozen=True, kw_only=True):
    """A ref that goes from the commit `expected` (None: it does not exist) to `commit`."""

    ref: str
    expected: str | None
    commit: str


class Moved(Struct, frozen=True, kw_only=True):
    """All moves were made."""


class LostRace(Struct, frozen=True, kw_only=True):
    """None was made: a ref was not at its expected commit, or was being written by another. `message`: in the place's
    own words, if it had any."""

    message: str = ""


class Refused(Struct, frozen=True, kw_only=True):
    """None was made, and trying again would change nothing; `message` in the place's own words. `surely` False: unless
    a ref turns out to have moved."""

    message: str
    surely: bool = True


class NotKnown(Struct, frozen=True, kw_only=True):
    """The place did not answer to the end: the moves may have been made."""

    message: str


MoveAnswer = Moved | LostRace | Refused | NotKnown


class Place(Protocol):
    """Names are ours (`refs/runner/...`) on this side; the place calls them as its RefNaming says."""

    @property
    def name(self) -> str:
        """`remote/<remote>` or `local`."""

    def listed(self, patterns: Sequence[str], *, anew: bool = False) -> Mapping[str, str]:
        """Ref -> commit of all that match a pattern: a full name, or a prefix that ends in `*`. `anew`: also where one
        look was meant to do (Repository.one_look). NoAnswer."""

    def bring(self, heads: Mapping[str, str]) -> bool:
        """Brings the commits into the clone. False when one has been replaced meanwhile: list again. NoAnswer."""

    def move(self, moves: Sequence[Move]) -> MoveAnswer:
        """Moves all or none, each by compare-and-swap."""

    def turn(self) -> AbstractContextManager[None]:
        """Held from reading heads to moving them, where writers can queue; else nothing."""


def matches(ref: str, patterns: Sequence[str]) -> bool:
    """Whether `ref` is one of `patterns`, or below one that ends in `*`."""
    return any(ref.startswith(each[:-1]) if each.endswith("*") else ref == each for each in patterns)
