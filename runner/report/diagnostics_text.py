"""Problems for people: one sentence, the place, the line with a caret, and the way out on a line of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runner.diagnostics import Diagnostic, Severity, Span
from runner.report.styled import Line, Piece, Style, columns, line

_LOUDNESS = {Severity.ERROR: Style.BAD, Severity.WARNING: Style.WARNING, Severity.NOTE: Style.FAINT}
_WIDEST = 120
_BEFORE = 60


def diagnostic_lines(diagnostics: Iterable[Diagnostic]) -> list[Line]:
    """All of `diagnostics`, each once, in the given order, with an empty line between two that show source."""
    told: list[Line] = []
    for each in dict.fromkeys(diagnostics):
        if told and each.source:
            told.append(())
        told += _told(each)
    return told


def _told(each: Diagnostic) -> Iterator[Line]:
    sentence, *more = each.message.split("\n")
    yield line(
        Piece(str(each.severity), _LOUDNESS[each.severity]),
        Piece(f"[{each.code}]" if each.code else "", Style.FAINT),
        ": ",
        Piece(sentence, Style.STRONG if each.severity is Severity.ERROR else Style.PLAIN),
    )
    for further in more:
        yield line("  ", further)
    if each.span:
        yield line("  ", Piece(str(each.span), Style.NAME))
        if each.source:
            yield from _excerpt(each.span, each.source.rstrip("\r\n"))
    for hint in filter(None, each.hint.split("\n")):
        yield line(Piece("hint", Style.GOOD), ": ", hint)


def _excerpt(span: Span, source: str) -> Iterator[Line]:
    number = f"{span.line:>6} | "
    column = max(span.column - 1, 0)
    length = (
        span.end_column - span.column
        if span.end_line in (0, span.line) and span.end_column > span.column
        else 1
    )
    start = max(column - _BEFORE, 0) if len(source) > _WIDEST else 0
    shown = source[start : start + _WIDEST]
    cut_before, cut_after = ("…" if start else ""), ("…" if start + _WIDEST < len(source) else "")
    yield line(Piece(number, Style.FAINT), cut_before, shown, cut_after)
    room = columns(cut_before + source[start:column])
    carets = max(columns(source[column : min(column + length, start + _WIDEST)]), 1)
    yield line(Piece(" " * (len(number) - 2) + "| ", Style.FAINT), " " * room, Piece("^" * carets, Style.BAD))
