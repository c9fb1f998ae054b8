"""Where the grammar that we read with and the engine's own could part, so that one of them sees text where the other
sees code. Pure.

Both read from left to right, and part first at the end of a comment, of a string or of a heredoc; so the ends are
checked against the engine's rules (hclsyntax, `scan_tokens.rl`), and what does not keep to them counts as unread. A
no-break space behind the word that ends a heredoc is enough to hide a provisioner from a grammar that does not trim it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tree_sitter import Node

from runner.diagnostics import Diagnostic, Severity, Span
from runner.source.spans import Place, beyond_limits, syntax_problem

MOST_BYTES = 2 << 20
"""Of one file; the largest of thousands that were looked at is a tenth of it."""

UNREADABLE = "code-unreadable"

_LITERAL = re.compile(rb"(?:\\.|[^\\\"\r\n])*", re.DOTALL)
_MARKS = re.compile(rb"(?<!\$)\${3,}\{|(?<!%)%{3,}\{")
"""Longer runs than the escapes `$${` and `%%{`: nobody writes them, and whether they escape depends on who counts."""


_WITHIN = "a comment within a string"


def unread_bytes(place: Place) -> Diagnostic | None:
    """What makes the file unreadable before anything is parsed."""
    if len(place.content) > MOST_BYTES:
        return doubt(place.at(0), f"these are more than {MOST_BYTES:,} bytes")
    if refused := beyond_limits(place):
        return refused
    try:
        place.content.decode("utf-8")
    except UnicodeDecodeError as problem:
        return doubt(place.at(problem.start), "this is not UTF-8")
    if (at := place.content.find(b"\0")) >= 0:
        return doubt(place.at(at), "a NUL stands here")
    return None


def doubts(place: Place, root: Node, found: Mapping[str, Sequence[Node]]) -> tuple[Diagnostic, ...]:
    """Every doubt of a parsed file. `found`: its nodes by kind: `comment`, `heredoc`, `quoted`."""
    if root.has_error:
        return (syntax_problem(place, root),)
    told = [*_of_root(place, root), *_of_marks(place)]
    for kind, reason_of in (("comment", _comment), ("heredoc", _heredoc), ("quoted", _quoted)):
        told += [
            doubt(place.span(node), reason)
            for node in found.get(kind, ())
            if (reason := reason_of(place.content, node))
        ]
    return tuple(told)


def doubt(span: Span, reason: str) -> Diagnostic:
    """A file that is not believed because of `reason`."""
    return Diagnostic(
        code=UNREADABLE,
        message=f"{reason}: what this file does cannot be told",
        span=span,
        severity=Severity.WARNING,
    )


def _of_root(place: Place, root: Node) -> Iterator[Diagnostic]:
    for child in root.named_children:
        if child.type not in {"body", "comment"}:
            yield doubt(place.span(child), "a file is a list of blocks, and this is none")


def _of_marks(place: Place) -> Iterator[Diagnostic]:
    for hit in _MARKS.finditer(place.content):
        yield doubt(place.at(hit.start()), "it is not clear what this escapes")


def _comment(content: bytes, node: Node) -> str:
    text = content[node.start_byte : node.end_byte]
    if text.startswith(b"/*"):
        return "" if text.find(b"*/", 2) == len(text) - 2 else "a comment that ends elsewhere"
    return "a comment of more than one line" if b"\n" in text else ""


def _quoted(content: bytes, node: Node) -> str:
    at = node.start_byte
    for child in node.children:
        between = content[at : child.start_byte]
        literal = child.type == "template_literal"
        if child.type == "comment":
            return _WITHIN
        if b"\n" in between or (literal and not _LITERAL.fullmatch(child.text or b"")):
            return "a string that does not end on its line"
        at = child.end_byte
    return ""


def _heredoc(content: bytes, node: Node) -> str:
    """The word must end its own first line, stand alone on the last, and on no line between, however it is spaced."""
    end = content.find(b"\n", node.end_byte)
    lines = content[node.start_byte : end if end >= 0 else len(content)].split(b"\n")
    word = lines[0].rstrip(b"\r").removeprefix(b"<<").removeprefix(b"-")
    if any(child.type == "comment" for child in node.children):
        return _WITHIN
    identifiers = [child.text for child in node.children if child.type == "heredoc_identifier"]
    if not identifiers or any(each != word for each in identifiers):
        return "a heredoc whose word is not clear"
    if lines[-1].strip(b" \t\r") != word or len(lines) < 2:
        return "a heredoc that ends within a line"
    if any(line.decode(errors="replace").strip() == word.decode() for line in lines[1:-1]):
        return "a heredoc that could end before"
    return ""
