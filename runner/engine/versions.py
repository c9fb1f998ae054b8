"""Versions and constraints as Terraform understands them (hashicorp/go-version); pure.

One difference: a build from source (`1.12.6-dev`) counts as the release that it is built from.
"""

from __future__ import annotations

import re

from msgspec import Struct

_VERSION = re.compile(r"v?(\d+(?:\.\d+)*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_CONSTRAINT = re.compile(r"\s*(=|!=|>=|<=|>|<|~>|)\s*(\S+)\s*")
_ANY = frozenset({"latest", "latest-allowed", "min-required", "system", "*"})


class Version(Struct, frozen=True, kw_only=True):
    """`segments` has at least three numbers; `written` is how many were written; `prerelease` may be empty."""

    segments: tuple[int, ...]
    prerelease: str
    written: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """ValueError when it is no version."""
        match = _VERSION.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"`{text}` is no version")
        numbers = tuple(map(int, match[1].split(".")))
        prerelease = "" if match[2] in (None, "dev") else match[2]
        return cls(
            segments=(*numbers, *(0,) * (3 - len(numbers))), prerelease=prerelease, written=len(numbers)
        )

    @property
    def order(self) -> tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]:
        """Sorts as SemVer does: a release after its prereleases, numbers before words."""
        parts = [part for part in self.prerelease.split(".") if part]
        judged = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts)
        return self.segments, not self.prerelease, judged


def meets(version: str, constraint: str) -> bool:
    """Whether `version` meets all parts of `constraint` (`>= 1.5, < 2`). `latest`, `system` and the like are met by
    every version, `latest:^1.5` by those that begin so. ValueError when either cannot be read."""
    constraint = constraint.strip()
    if constraint in _ANY:
        return True
    if constraint.startswith("latest:"):
        beginning = constraint.removeprefix("latest:").removeprefix("^").replace("\\.", ".")
        if not re.fullmatch(r"[0-9A-Za-z.-]+", beginning):
            raise ValueError(f"`{constraint}` is no version constraint that is understood here")
        return version.startswith(beginning)
    have = Version.parse(version)
    judged = [
        _meets_one(have, part) for part in constraint.split(",")
    ]  # all of them: a mistake behind is one too
    return all(judged)


def _meets_one(version: Version, part: str) -> bool:
    match = _CONSTRAINT.fullmatch(part)
    if match is None:
        raise ValueError(f"`{part.strip()}` is no version constraint")
    operator, wanted = match[1], Version.parse(match[2])
    have, want = version.order, wanted.order
    match operator:
        case "" | "=":
            return have == want
        case "!=":
            return have != want
        case ">":
            return _comparable(version, wanted) and have > want
        case ">=":
            return _comparable(version, wanted) and have >= want
        case "<":
            return _comparable(version, wanted) and have < want
        case "<=":
            return _comparable(version, wanted) and have <= want
        case _:
            return _pessimistic(version, wanted)


def _comparable(version: Version, wanted: Version) -> bool:
    """A prerelease is only meant by a constraint that names a prerelease of the same version."""
    if not version.prerelease:
        return True
    return bool(wanted.prerelease) and version.segments == wanted.segments


def _pessimistic(version: Version, wanted: Version) -> bool:
    if not _comparable(version, wanted) or (wanted.prerelease and not version.prerelease):
        return False
    fixed = wanted.written - 1
    return version.order >= wanted.order and version.segments[:fixed] == wanted.segments[:fixed]
