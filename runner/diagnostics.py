"""Problems as data: where, what, and the way out. Words about problems are written where they are found, once."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Severity(StrEnum):
    """How much a diagnostic weighs: an error stops, a warning is shown, a note only explains."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Span(Struct, frozen=True, kw_only=True):
    """A place in a text file. Lines and columns count from 1; `end_*` are exclusive and 0 when unknown."""

    file: str
    line: int
    column: int
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Diagnostic(Struct, frozen=True, kw_only=True):
    """One problem. `code` is a slug that `runner explain` knows; `source` the line the span points into."""

    code: str
    message: str
    span: Span | None = None
    hint: str = ""
    source: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = f"{self.span}: " if self.span else ""
        return f"{place}{self.message}"
