"""A measured row, how it is measured, and how it reads."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Timed = Callable[[], float]
"""Does the work once, from cold as its bench means it, and returns the seconds of what is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`ours` and `other` in `unit`; `against` names the other side; `must` is the greatest ratio that will do. `ended`
    is False where the other side was given up: `other` is how long it was waited for, and the ratio at most that."""

    what: str
    ours: float
    other: float
    against: str
    must: float
    unit: str = "s"
    ended: bool = True

    @property
    def ratio(self) -> float:
        """Ours to the other side's."""
        return self.ours / self.other

    @property
    def met(self) -> bool:
        """Whether it is good enough."""
        return self.ratio <= self.must


def interleaved(ours: Timed, other: Timed, times: int) -> tuple[float, float]:
    """Medians of `times` runs of each, A B A B: what slows the machine down slows both."""
    pairs = [(ours(), other()) for _ in range(times)]
    return statistics.median(ours for ours, _ in pairs), statistics.median(other for _, other in pairs)


def best(work: Timed, times: int) -> float:
    """The best of `times` runs, for what is held against a figure and not against another program: there is nothing
    beside it that the machine's other work would slow down as much."""
    return min(work() for _ in range(times))


def in_turns(sides: Sequence[Timed], times: int) -> list[float]:
    """The best of `times` runs of each side, A B C A B C: what slows the machine down slows all, and what of it passes
    counts for nobody."""
    rounds = [[side() for side in sides] for _ in range(times)]
    return [min(spent) for spent in zip(*rounds, strict=True)]


def seconds_of(work: Callable[[], object]) -> float:
    """How long it took, on the wall."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def as_json(row: Row) -> str:
    """One line."""
    return json.dumps(
        {
            "schema": "runner/1",
            "type": "bench",
            "what": row.what,
            "ours": round(row.ours, 4),
            "other": round(row.other, 4),
            "unit": row.unit,
            "ended": row.ended,
            "against": row.against,
            "ratio": round(row.ratio, 3),
            "must": round(row.must, 3),
            "met": row.met,
        }
    )


_COLUMNS = ("what", "ours", "the other side", "ratio", "must", "")
_WIDTHS = (44, 10, 46, 7, 7, 6)


def heading() -> str:
    """The names of the columns."""
    return _line(_COLUMNS)


def as_line(row: Row) -> str:
    """One line of the table."""
    return _line(
        (
            row.what,
            f"{row.ours:.3g} {row.unit}",
            f"{'' if row.ended else '> '}{row.other:.3g} {row.unit} ({row.against})",
            f"{'' if row.ended else '< '}{row.ratio:.2g}",
            f"{row.must:.2f}",
            "ok" if row.met else "MISSED",
        )
    )


def _line(cells: Sequence[str]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
