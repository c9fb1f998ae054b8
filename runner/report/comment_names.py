"""Many targets in little room: no name is left out, what they share is said once, what is alike is one row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from runner.model.names import TargetName
from runner.model.plan import Counts
from runner.report.comment_rows import Risk, Row, loud

_BRACES = frozenset("{}, ")
_LONGEST_SPLIT = 200


class Together(StrEnum):
    """Which targets share a row. ALIKE: one environment's that say the same; STATE: one environment's that stand alike,
    their counts added up; RISK: as STATE, of all environments."""

    NONE = "none"
    ALIKE = "alike"
    STATE = "state"
    RISK = "risk"


class Group(Struct, frozen=True, kw_only=True):
    """Targets that share a row; `place` is their environment, empty for several. `changes` and `merge` are markdown."""

    place: str
    targets: tuple[TargetName, ...]
    risk: Risk
    changes: str
    merge: str

    @property
    def names(self) -> list[str]:
        """What they are called, next to `place`."""
        return [each.stack if self.place else str(each) for each in self.targets]


def grouped(rows: Iterable[Row], together: Together) -> list[Group]:
    """The rows of a summary, in the order in which the first of each came."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        place = "" if together is Together.RISK else row.target.environment
        said = row.changes if together is Together.ALIKE else row.state
        found.setdefault((place, row.risk.value, said, row.merge), []).append(row)
    return [_group(place, alike, together) for (place, *_), alike in found.items()]


def _group(place: str, rows: Sequence[Row], together: Together) -> Group:
    first = rows[0]
    counts = {name: sum(getattr(row.counts, name) for row in rows) for name in Counts.__struct_fields__}
    summed = f"{first.state}, in all {loud(Counts(**counts))}" if any(counts.values()) else first.state
    return Group(
        place=place,
        targets=tuple(row.target for row in rows),
        risk=first.risk,
        changes=first.changes if together is Together.ALIKE else summed,
        merge=first.merge,
    )


def listed(names: Iterable[str]) -> str:
    """Names, one after the other."""
    return ", ".join(sorted(names))


def squeezed(names: Iterable[str], separators: str = "/") -> str:
    """Names with what they share in front said once, as a shell's braces have it: `eu/{app, network}`. They share what
    ends in one of `separators`."""
    split = re.compile(f"[{re.escape(separators)}]")
    plain: list[str] = []
    odd: list[str] = []
    for name in sorted(names):
        (odd if _BRACES & set(name) or len(name) > _LONGEST_SPLIT else plain).append(name)
    return ", ".join([*_braced(plain, split), *odd])


def _braced(names: Sequence[str], split: re.Pattern[str]) -> list[str]:
    found: dict[str, list[str]] = {}
    for name in names:
        cut = split.search(name)
        first = name[: cut.end()] if cut and cut.end() < len(name) else name
        found.setdefault(first, []).append(name[len(first) :])
    made: list[str] = []
    for first, rest in found.items():
        if len(rest) == 1 or not all(rest):
            made += [f"{first}{each}" for each in rest]
        else:
            made.append(f"{first}{{{', '.join(_braced(rest, split))}}}")
    return made
