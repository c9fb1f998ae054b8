"""What a token may on a forge of what runner needs there, and what the forge has to guard an apply with."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Need(StrEnum):
    """Something that runner does on a forge, as people are told of it."""

    PULLS = "read pull requests"
    COMMENTS = "comment"
    CHECKS = "report the check"
    READ_CHECKS = "read checks"
    PEOPLE = "read the permissions of others"
    TEAMS = "read teams"
    ROLLOUTS = "record deployments"


class Right(Struct, frozen=True, kw_only=True):
    """Whether the token may. `allowed` None: the forge does not tell, and no call that writes was made to find out.
    `because` is how that is known; `grant` where to give it, on this brand and for this kind of token."""

    need: Need
    allowed: bool | None
    because: str
    grant: str = ""


class Pipelines(Struct, frozen=True, kw_only=True):
    """Whether the forge's CI is on for the repository; None: it would not tell this token, `because`."""

    enabled: bool | None
    because: str = ""


class JobEnvironment(Struct, frozen=True, kw_only=True):
    """A place of the forge's that holds the secrets of a job. `there`: whether it exists; `guarded`: whether not every
    branch's job may use it; None: the forge would not tell this token. `because` says how that is known, or why not."""

    name: str
    there: bool | None
    guarded: bool | None
    because: str = ""


class TokenSource(Struct, frozen=True, kw_only=True):
    """Where our token was found, as people write that (`GITHUB_TOKEN`, a command), empty where there is none; `looked`
    are the places that were looked in, in order."""

    found: str = ""
    looked: tuple[str, ...] = ()


NO_TOKEN = TokenSource()
"""Nobody asks."""


class SettingsPages(Struct, frozen=True, kw_only=True):
    """Where people of this forge set things up, each an address with what to look for there; empty where it has no such
    thing. `branches`: how branches are protected; `checks`: what a merge needs; `environments`: the places of jobs'
    secrets; `pipelines`: its CI."""

    branches: str = ""
    checks: str = ""
    environments: str = ""
    pipelines: str = ""
