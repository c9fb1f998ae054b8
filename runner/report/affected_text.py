"""What a change touches, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from runner.model.names import TargetName
from runner.report.styled import Line, Piece, Style, line, table
from runner.report.value_text import counted

_STYLES: dict[str, Style] = {
    "changed": Style.CHANGED,
    "born": Style.GOOD,
    "renamed": Style.CHANGED,
    "orphan": Style.WARNING,
    "dependent": Style.FAINT,
}


class Touched(Protocol):
    """One target that a change touches."""

    @property
    def target(self) -> TargetName: ...
    @property
    def reason(self) -> str: ...
    @property
    def because(self) -> tuple[str, ...]: ...
    @property
    def hint(self) -> str: ...


def affected_lines(rows: Sequence[Touched], of: int, words: str, *, whole: bool) -> list[Line]:
    """A line a target with its first because, or, where `whole`, with all of them below it; hints below theirs; then
    how many of how many, and what was compared."""
    told = _listed(rows) if whole else _table(rows)
    counts = Counter(str(row.reason) for row in rows)
    parts = ", ".join(f"{number} {reason}" for reason, number in sorted(counts.items()))
    end = line(
        Piece(f"{len(rows):,}", Style.STRONG),
        f" affected of {counted(of, 'target')}" + (f" ({parts})" if rows else ""),
        Piece(f": compared {words}", Style.FAINT),
    )
    return [*told, *([line()] if told else []), end]


def _table(rows: Sequence[Touched]) -> list[Line]:
    if not rows:
        return []
    cells = [
        (
            Piece(str(row.target), Style.NAME),
            Piece(str(row.reason), _STYLES[str(row.reason)]),
            Piece(row.because[0] + (f" (and {len(row.because) - 1} more)" if len(row.because) > 1 else "")),
        )
        for row in rows
    ]
    heading, *lines = table(("target", "reason", "because"), cells)
    told = [heading]
    for row, each in zip(rows, lines, strict=True):
        told += [each, *_hint(row)]
    return told


def _listed(rows: Sequence[Touched]) -> list[Line]:
    told: list[Line] = []
    for row in rows:
        told.append(
            line(Piece(str(row.target), Style.NAME), "  ", Piece(str(row.reason), _STYLES[str(row.reason)]))
        )
        told += [line("  ", because) for because in row.because]
        told += _hint(row)
    return told


def _hint(row: Touched) -> list[Line]:
    return [line("  ", Piece("hint", Style.GOOD), f": {row.hint}")] if row.hint else []
