"""How it is found out what a token may, without writing: a call that only reads is tried, and its refusal told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from runner.errors import AskedWrongly, Denied
from runner.model.forge_rights import Need, Right

_Found = TypeVar("_Found")


def tried(need: Need, ask: Callable[[], object], grant: str) -> Right:
    """The right that a call needs which only reads. NoAnswer goes through: who gave no answer refused nothing."""
    try:
        ask()
    except (Denied, AskedWrongly) as refused:
        return Right(need=need, allowed=False, because=refused.diagnostics[0].message, grant=grant)
    return Right(need=need, allowed=True, because="tried")


def teams_seen(teams: Sequence[str], see: Callable[[str], object], grant: str) -> tuple[Right, ...]:
    """The right to see each of these teams, as one; none where there are no teams."""
    if not teams:
        return ()
    seen = [tried(Need.TEAMS, partial(see, team), grant) for team in teams]
    refused = [each for each in seen if not each.allowed]
    return (refused[0] if refused else seen[0],)


def untold(need: Need, because: str, grant: str) -> Right:
    """A right to write that only writing would show."""
    return Right(need=need, allowed=None, because=because, grant=grant)


def unless_refused(ask: Callable[[], _Found | None]) -> tuple[_Found | None, str]:
    """What is found, or None with the forge's own words where this token is refused."""
    try:
        return ask(), ""
    except (Denied, AskedWrongly) as refused:
        return None, refused.diagnostics[0].message
