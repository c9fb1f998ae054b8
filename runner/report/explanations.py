"""Explanations as they are written: markdown with one `## code` section for each diagnostic code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_SECTION = re.compile(r"^## +`?([A-Za-z0-9][A-Za-z0-9_.-]*)`? *$", re.MULTILINE)


def parsed(text: str) -> Mapping[str, str]:
    """The sections of one file: code to its text, in written order. What stands before the first one is left out;
    ValueError for a code that has two sections or a section without text."""
    pieces = _SECTION.split(text)
    found: dict[str, str] = {}
    for code, body in zip(pieces[1::2], pieces[2::2], strict=True):
        if code in found:
            raise ValueError(f"`{code}` is explained twice")
        if not body.strip():
            raise ValueError(f"`{code}` has a heading and no explanation")
        found[code] = body.strip()
    return found


def gathered(texts: Iterable[str]) -> Mapping[str, str]:
    """The sections of several files; ValueError for a code that two of them explain."""
    found: dict[str, str] = {}
    for text in texts:
        for code, body in parsed(text).items():
            if code in found:
                raise ValueError(f"`{code}` is explained twice")
            found[code] = body
    return found
