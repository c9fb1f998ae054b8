"""Pieces of markdown of which comments, summaries and checks are put together: folded parts, tables, cut texts.

Foreign text comes in through `safe_text` alone. Sizes are bytes of UTF-8: no forge counts a text as longer than that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runner.report.safe_text import code, html_code, markdown

TAB = "\t"
"""Which no foreign text brings along: every way into markdown shows it as `\\t`, or as blanks."""

LONGEST_WORDS = 300


def size(text: str) -> int:
    """How much of a forge's limit `text` takes: bytes of UTF-8, never less than its characters."""
    return len(text.encode())


def clipped(text: str, longest: int = LONGEST_WORDS) -> str:
    """Foreign `text`, cut where it is longer than a sentence is."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def words(text: str, *, cell: bool = False) -> str:
    """A foreign sentence, cut and safe."""
    return markdown(clipped(text), cell=cell)


def folded(summary: str, body: str) -> str:
    """A part that is folded. `summary` is HTML, and safe; `body` is markdown."""
    return f"<details><summary>{summary}</summary>\n\n{body.strip(chr(10))}\n\n</details>"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the cells are markdown, and safe."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def bullets(lines: Iterable[str]) -> str:
    """A list; each line is markdown, and safe."""
    return "\n".join(f"- {each}" for each in lines)


def few(names: Sequence[str], most: int = 5) -> str:
    """Some of the foreign `names` as code, with how many more there are."""
    shown = ", ".join(map(code, names[:most]))
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


def few_html(names: Sequence[str], most: int = 3) -> str:
    """As `few`, where markdown does not reach."""
    shown = ", ".join(map(html_code, names[:most]))
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


def joined(parts: Iterable[str]) -> str:
    """Blocks with an empty line between them; what is empty is left out."""
    return "\n\n".join(each for each in parts if each)
