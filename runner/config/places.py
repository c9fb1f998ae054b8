"""Where each key and value of a file stands, in a form that JSON can keep, and diagnostics that point there.

A place is `[line, column, end_line, end_column]`, counted from 1; a mapping's has a fifth member, key -> `[the key's
four numbers..., the value's place]`; a sequence's has a list of its items' places.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from runner.diagnostics import Diagnostic, Severity, Span
from runner.model.references import Json

Steps = tuple[str | int, ...]

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What ends a line for the parser, which counts them as YAML 1.1 does."""


class Places:
    """The places of one file. Paths that do not exist are answered with the nearest one that does."""

    def __init__(self, file: str, root: Json, content: bytes) -> None:
        self.file = file
        self._root = root
        self._content = content
        self._lines: Sequence[str] | None = None

    def line(self, number: int) -> str:
        """The text of a line, counted from 1; empty when there is none."""
        if self._lines is None:
            text = self._content.decode("utf-8", "replace").removeprefix("\ufeff")
            self._lines = _BREAK.split(text)
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""

    def span(self, steps: Steps, *, key: bool = False) -> Span:
        """Where the value at `steps` stands, or its key."""
        place, key_place = self._root, None
        for step in steps:
            found = _below(place, step)
            if found is None:
                continue
            key_place, place = found
        return _span(self.file, key_place if key and key_place else place)

    def inside(self, steps: Steps, text: str, start: int, offset: int) -> Span:
        """Where character `offset` of a string value stands, exactly when the source shows it as it is: `text` is the
        part of the value that begins at character `start`. Otherwise where the value stands."""
        whole = self.span(steps)
        skipped = start
        for number in range(whole.line, max(whole.line, whole.end_line) + 1):
            line = self.line(number)
            begin = whole.column - 1 if number == whole.line else 0
            expected = min(begin + skipped, len(line)) if number == whole.line else begin
            column = line.find(text, expected)
            if column >= 0:
                return Span(file=self.file, line=number, column=column + 1 + offset - start)
        return whole

    def problem(
        self,
        code: str,
        message: str,
        where: Steps | Span = (),
        *,
        hint: str = "",
        key: bool = False,
        severity: Severity = Severity.ERROR,
    ) -> Diagnostic:
        """A diagnostic that points at `where` and shows its line. A sentence is one line, whatever it quotes."""
        message = " ".join(message.split())
        span = where if isinstance(where, Span) else self.span(where, key=key)
        return Diagnostic(
            code=code, message=message, span=span, hint=hint, source=self.line(span.line), severity=severity
        )


def _below(place: Json, step: str | int) -> tuple[Json, Json] | None:
    """The key's and the value's place one step below."""
    match place:
        case [_, _, _, _, dict(entries)] if isinstance(step, str) and step in entries:
            entry = entries[step]
            return (entry[:4], entry[4]) if isinstance(entry, list) else None
        case [_, _, _, _, list(items)] if isinstance(step, int) and 0 <= step < len(items):
            return None, items[step]
        case _:
            return None


def _span(file: str, place: Json) -> Span:
    match place:
        case [int(line), int(column), int(end_line), int(end_column), *_]:
            return Span(file=file, line=line, column=column, end_line=end_line, end_column=end_column)
        case _:
            return Span(file=file, line=1, column=1)
