"""Lines of marked pieces: what a report says and how it means it, before any sink has spelled it out.

A piece never holds a line break that counts: spelling makes every piece safe, so that a builder cannot forget it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from runner.report.safe_text import ci_log, one_line


class Style(StrEnum):
    """What a piece means; a terminal gives it a colour."""

    PLAIN = "plain"
    STRONG = "strong"
    FAINT = "faint"
    GOOD = "good"
    CHANGED = "changed"
    BAD = "bad"
    LOUD = "loud"
    WARNING = "warning"
    NAME = "name"


class Piece(NamedTuple):
    """Text with one meaning; the text may be foreign and unsafe."""

    text: str
    style: Style = Style.PLAIN


Line: TypeAlias = tuple[Piece, ...]


def line(*parts: str | Piece) -> Line:
    """One line; a bare string is a plain piece."""
    return tuple(Piece(part) if isinstance(part, str) else part for part in parts)


def indented(lines: Iterable[Line], by: int) -> Iterator[Line]:
    """`lines` moved to the right; an empty one stays empty."""
    for each in lines:
        yield (Piece(" " * by), *each) if each else each


def spelled(each: Line) -> Line:
    """`each` with every piece made safe for one line of a terminal."""
    return tuple(Piece(one_line(piece.text), piece.style) for piece in each)


def plain(lines: Iterable[Line], *, for_ci: bool = False) -> str:
    """The text of `lines` without any style, each ended by a line feed; `for_ci` also disarms workflow commands."""
    sink: Callable[[str], str] = ci_log if for_ci else str
    return "".join(sink("".join(piece.text for piece in spelled(each))).rstrip() + "\n" for each in lines)


def columns(text: str) -> int:
    """How many cells of a terminal `text` takes once it is made safe."""
    safe = one_line(text)
    if safe.isascii():
        return len(safe)
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in safe
    )


def table(headings: Sequence[str], rows: Sequence[Sequence[Piece]]) -> list[Line]:
    """Aligned columns under faint headings; a column that is empty in every row is left out."""
    kept = [index for index in range(len(headings)) if any(row[index].text for row in rows)]
    widths = [max(columns(headings[index]), *(columns(row[index].text) for row in rows)) for index in kept]
    head = [Piece(heading, Style.FAINT) for heading in headings]
    return [_row([cells[index] for index in kept], widths) for cells in [head, *rows]]


def _row(cells: Sequence[Piece], widths: Sequence[int]) -> Line:
    padded: list[Piece] = []
    for cell, width in zip(cells, widths, strict=True):
        padded += [cell, Piece(" " * (width - columns(cell.text) + 2))]
    return tuple(padded[:-1])
