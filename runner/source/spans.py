"""Where things stand in a file, and the limits that a hostile file meets."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

from tree_sitter import Node, Point

from runner.diagnostics import Diagnostic, Severity, Span

MOST_NESTING = 200
"""Brackets within brackets. People write 20; beyond this a parser's stack, ours or the engine's, is the target."""

MOST_BYTES = 8 << 20
_BLOCK = 1024
_CONTINUING = bytes(range(0x80, 0xC0))
"""All bytes of a character in UTF-8 but its first."""

_LINE_END = re.compile(rb"\n")
_BRACKETS = re.compile(rb"[][(){}]")


class Place:
    """Spans of one file. Columns count characters, tree-sitter counts bytes."""

    def __init__(self, path: str, content: bytes) -> None:
        self.path = path
        self.content = content
        self._ascii = content.isascii()
        self._starts: list[int] | None = None
        self._blocks: list[int] | None = None

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
        offset = max(offset, 0)
        row = bisect_right(self._line_starts, offset) - 1
        return Span(file=self.path, line=row + 1, column=self._characters(self._line_starts[row], offset) + 1)

    def line(self, span: Span) -> str:
        """The line that `span` points into."""
        starts = self._line_starts
        if span.line > len(starts):
            return ""
        end = self.content.find(b"\n", starts[span.line - 1])
        content = self.content[starts[span.line - 1] : end if end >= 0 else len(self.content)]
        return content.decode(errors="replace").rstrip("\r")

    @property
    def _line_starts(self) -> list[int]:
        if self._starts is None:
            self._starts = [0, *(hit.end() for hit in _LINE_END.finditer(self.content))]
        return self._starts

    def _column(self, point: Point) -> int:
        if self._ascii:
            return point.column + 1
        start = self._line_starts[point.row]
        return self._characters(start, start + point.column) + 1

    def _characters(self, start: int, end: int) -> int:
        """How many characters stand from `start` to `end`. A line may be as long as the file, and each of its places be
        asked for: none of them costs more than a block."""
        return end - start if self._ascii else self._before(end) - self._before(start)

    def _before(self, offset: int) -> int:
        if self._blocks is None:
            sizes = (
                len(self.content[at : at + _BLOCK].translate(None, _CONTINUING))
                for at in range(0, len(self.content), _BLOCK)
            )
            self._blocks = [0, *accumulate(sizes)]
        block = min(offset // _BLOCK, len(self._blocks) - 1)
        return self._blocks[block] + len(self.content[block * _BLOCK : offset].translate(None, _CONTINUING))


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
