"""Where things stand in a file, and the limits that a hostile file meets."""

from __future__ import annotations

import re

from tree_sitter import Node, Point

from runner.diagnostics import Diagnostic, Severity, Span

MOST_NESTING = 200
"""Brackets within brackets. People write 20; beyond this a parser's stack, ours or the engine's, is the target."""

MOST_BYTES = 8 << 20
_BRACKETS = re.compile(rb"[][(){}]")


class Place:
    """Spans of one file. Columns count characters, tree-sitter counts bytes."""

    def __init__(self, path: str, content: bytes) -> None:
        self.path = path
        self.content = content
        self._lines: list[bytes] | None = None

    def span(self, node: Node) -> Span:
        """Where `node` stands."""
        start, end = node.start_point, node.end_point
        return Span(
            file=self.path,
            line=start.row + 1,
            column=self._column(start),
            end_line=end.row + 1,
            end_column=self._column(end),
        )

    def at(self, offset: int) -> Span:
        """The place of the byte at `offset`."""
        before = self.content[: max(offset, 0)]
        line_start = before.rfind(b"\n") + 1
        column = len(before[line_start:].decode(errors="replace")) + 1
        return Span(file=self.path, line=before.count(b"\n") + 1, column=column)

    def line(self, span: Span) -> str:
        """The line that `span` points into."""
        lines = self.content.split(b"\n")
        return lines[span.line - 1].decode(errors="replace").rstrip("\r") if span.line <= len(lines) else ""

    def _column(self, point: Point) -> int:
        if self.content.isascii():
            return point.column + 1
        if self._lines is None:
            self._lines = self.content.split(b"\n")
        return len(self._lines[point.row][: point.column].decode(errors="replace")) + 1


def beyond_limits(place: Place) -> Diagnostic | None:
    """What is too large or too deep in the file to be read at all; strings and comments count too, which costs nobody
    who writes by hand anything."""
    if len(place.content) > MOST_BYTES:
        return Diagnostic(
            code="hcl-too-large",
            message=f"`{place.path}` has {len(place.content):,} bytes; at most {MOST_BYTES:,} are read",
            span=Span(file=place.path, line=1, column=1),
            hint="move what is data into a file of its own and read it with `file()`",
        )
    depth = 0
    if sum(map(place.content.count, (b"[", b"(", b"{"))) <= MOST_NESTING:
        return None
    for found in _BRACKETS.finditer(place.content):
        depth += 1 if found[0] in b"[({" else -1
        if depth > MOST_NESTING:
            return Diagnostic(
                code="hcl-too-deep",
                message=f"`{place.path}` nests more than {MOST_NESTING} brackets",
                span=place.at(found.start()),
                hint="split the expression with locals",
            )
        depth = max(depth, 0)
    return None


def syntax_problem(place: Place, node: Node) -> Diagnostic:
    """The first place below `node` (which has an error) that the grammar cannot read. A warning: the engine has the
    last word on its own language, and until then the whole directory counts as read."""
    while True:
        inner = next((child for child in node.children if child.has_error or child.is_missing), None)
        if inner is None or node.is_error:
            break
        node = inner
    span = place.span(node)
    wanted = f"`{node.type}` is missing" if node.is_missing else "this is not HCL that can be read"
    return Diagnostic(
        code="hcl-syntax", message=wanted, span=span, source=place.line(span), severity=Severity.WARNING
    )
