"""How our one comment of a pull request is found again, and nobody's words are taken for it."""

from __future__ import annotations

from runner.report.markdown_parts import TAB

MARKER = f"<!--{TAB}gitops-runner{TAB}preview{TAB}-->"
"""The first line of the comment. It has tabs, which no foreign text can bring into a comment of ours."""


def is_ours(body: str, author: str, us: str) -> bool:
    """Whether a comment is the one to edit: written by `us`, and begun with the mark. Anybody can write the mark into a
    comment of their own; so its author is asked for too, and the line counts nowhere but at the start."""
    return author.casefold() == us.casefold() and body.startswith(MARKER)
