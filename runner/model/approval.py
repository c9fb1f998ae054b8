"""An approval: whose word counts for which digests of which target, and whose does not, with its because."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from runner.model.names import TargetName
from runner.model.plan import Digests


class Showing(Struct, frozen=True, kw_only=True):
    """What the pull request's comment showed from `at` on: the plans of `commit`, by target. Only what somebody could
    open in full is in `digests` (a provisional plan, and one that was cut, is not). From our own signed record, never
    from the comment's text, which others may edit."""

    at: datetime
    commit: str
    digests: Mapping[TargetName, Digests]


class ReviewCounted(Struct, frozen=True, kw_only=True):
    """A review that was looked at: whether it counts, and because of what."""

    login: str
    counts: bool
    because: str
    commit: str = ""
    owns: tuple[str, ...] = ()


class Vouched(Struct, frozen=True, kw_only=True):
    """Who let a plan be applied: the logins whose approval counted, and the pull request that it came by, as the record
    names it (a number, several with commas; empty for none)."""

    approvers: tuple[str, ...] = ()
    pull_request: str = ""


class Standing(Struct, frozen=True, kw_only=True):
    """What is approved of one target's plan: `open` when nothing is missing; `missing` names each thing that is, and
    who could give it."""

    target: TargetName
    needed: int
    reviews: tuple[ReviewCounted, ...] = ()
    missing: tuple[str, ...] = ()
    digest: str = ""

    @property
    def approvers(self) -> tuple[str, ...]:
        """The logins whose review counts."""
        return tuple(each.login for each in self.reviews if each.counts)

    @property
    def open(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing
