"""What to type next, in words."""

from __future__ import annotations

from collections.abc import Iterable

from runner.report.styled import Line, Piece, Style, line


def next_lines(following: Iterable[str]) -> list[Line]:
    """What to type next."""
    lines = [line("  ", Piece(each, Style.STRONG)) for each in following]
    return [line(), line("next:"), *lines] if lines else []
