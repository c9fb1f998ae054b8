"""Globs as people write them: `*` within a segment, `**` over segments, `?`, `[a-z]`, `{a,b}`; pure, no backtracking
bombs (each glob is one regular expression without nested repetition of what can be empty)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

MOST_ALTERNATIVES = 100
_WILD = re.compile(r"[*?\[{]")


def is_glob(text: str) -> bool:
    """Whether `text` has a wildcard."""
    return _WILD.search(text) is not None


def _alternatives(glob: str) -> list[str]:
    """`a{b,c}` as `ab`, `ac`; an unclosed brace is literal. More than a hundred: the rest is any text (wider)."""
    found: list[str] = []
    pending = [glob]
    while pending:
        if len(found) + len(pending) > MOST_ALTERNATIVES:
            return [re.sub(r"\{[^{}]*\}", "*", each) for each in (*found, *pending)]
        text = pending.pop(0)
        inner = re.search(r"\{([^{}]*,[^{}]*)\}", text)
        if inner is None:
            found.append(text)
        else:
            pending.extend(text[: inner.start()] + each + text[inner.end() :] for each in inner[1].split(","))
    return found


def _segment(text: str) -> str:
    """One alternative, without braces, as a regular expression."""
    text = re.sub(r"\*{3,}", "**", text)
    pattern, at = "", 0
    while at < len(text):
        rest = text[at:]
        if rest.startswith("**/"):
            pattern, at = pattern + "(?:[^/]+/)*", at + 3
        elif rest.startswith("**"):
            pattern, at = pattern + ".*", at + 2
        elif rest[0] == "*":
            pattern, at = pattern + "[^/]*", at + 1
        elif rest[0] == "?":
            pattern, at = pattern + "[^/]", at + 1
        elif rest[0] == "[" and "]" in rest[2:]:
            end = rest.index("]", 2)
            members = rest[1:end].replace("\\", "\\\\").replace("[", "\\[")
            pattern, at = pattern + "[" + re.sub(r"^!", "^", members) + "]", at + end + 1
        else:
            pattern, at = pattern + re.escape(rest[0]), at + 1
    return pattern


@lru_cache(maxsize=4096)
def compiled(glob: str) -> re.Pattern[str]:
    """The glob as a regular expression for `fullmatch`; one that makes no sense matches itself only."""
    try:
        return re.compile("|".join(f"(?:{_segment(each)})" for each in _alternatives(glob)), re.DOTALL)
    except re.error:
        return re.compile(re.escape(glob))


def matches(glob: str, text: str) -> bool:
    """Whether `glob` matches all of `text`."""
    return compiled(glob).fullmatch(text) is not None


def admitted(globs: Iterable[str], text: str) -> bool:
    """Whether a list with exclusions admits `text`: the last glob that matches decides; a list of exclusions alone
    admits all else."""
    listed = list(globs)
    answer = bool(listed) and all(each.startswith("!") for each in listed)
    for glob in listed:
        if matches(glob.removeprefix("!"), text):
            answer = not glob.startswith("!")
    return answer
