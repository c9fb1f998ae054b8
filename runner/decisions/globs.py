"""Globs as people write them: `*` within a segment, `**` over segments, `?`, `[a-z]`, `{a,b}`; pure, never slow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
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


def _tokens(text: str) -> list[str]:
    """One alternative, without braces, in pieces: `**/`, `**`, `*`, `?`, `[…]` and single characters."""
    text = re.sub(r"(?:\*\*/)+", "**/", re.sub(r"\*{3,}", "**", text))
    return re.findall(r"\*\*/|\*\*|\*|\?|\[[^\]][^\]]*\]|[\s\S]", text)


_EXPRESSIONS = {"**/": "(?:[^/]+/)*", "**": "[\\s\\S]*", "*": "[^/]*", "?": "[^/]"}


def _expression(token: str) -> str:
    """A piece as a regular expression."""
    if token in _EXPRESSIONS:
        return _EXPRESSIONS[token]
    if len(token) == 1:
        return re.escape(token)
    members = token[1:-1].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
    return "[" + ("^/" + members[1:] if members.startswith("!") else members) + "]"


class _Glob:
    """One alternative. Up to two stars are a regular expression; more would let it backtrack without end, and are
    followed place by place, which costs stars times length."""

    def __init__(self, text: str) -> None:
        tokens = _tokens(text)
        parts = [_expression(token) for token in tokens]
        self._stars = [token if token in ("**/", "**", "*") else "" for token in tokens]
        few = sum(map(bool, self._stars)) <= 2
        try:
            self._whole = re.compile("".join(parts)) if few else None
            self._parts = [] if few else [re.compile(part) for part in parts]
        except re.error:  # `[b-a]` makes no sense, and matches itself only
            self._whole, self._parts = re.compile(re.escape(text)), []

    def __call__(self, text: str) -> bool:
        return self._whole.fullmatch(text) is not None if self._whole else len(text) in self._ends(text)

    def _ends(self, text: str) -> set[int]:
        places = {0}
        for star, part in zip(self._stars, self._parts, strict=True):
            match star:
                case "**":
                    places = set(range(min(places), len(text) + 1)) if places else places
                case "*":
                    places = {at for start in _leading(places, text) for at in _segment(text, start)}
                case "**/":
                    first = min(places, default=len(text))
                    places |= {at + 1 for at in range(first, len(text)) if text[at] == "/"}
                case _:
                    places = {found.end() for at in places if (found := part.match(text, at))}
        return places


def _segment(text: str, start: int) -> range:
    """The places from `start` to the end of its segment."""
    end = text.find("/", start)
    return range(start, (len(text) if end < 0 else end) + 1)


def _leading(places: set[int], text: str) -> list[int]:
    """The first place in each segment: the others lead nowhere that it does not."""
    first: dict[int, int] = {}
    for at in sorted(places):
        first.setdefault(_segment(text, at).stop, at)
    return list(first.values())


@lru_cache(maxsize=4096)
def compiled(glob: str) -> Callable[[str], bool]:
    """The glob as a function of the text that it must match as a whole."""
    found = [_Glob(each) for each in _alternatives(glob)]
    return lambda text: any(each(text) for each in found)


def matches(glob: str, text: str) -> bool:
    """Whether `glob` matches all of `text`."""
    return compiled(glob)(text)


def admitted(globs: Iterable[str], text: str) -> bool:
    """Whether a list with exclusions admits `text`: the last glob that matches decides; a list of exclusions alone
    admits all else."""
    listed = list(globs)
    answer = bool(listed) and all(each.startswith("!") for each in listed)
    for glob in listed:
        if matches(glob.removeprefix("!"), text):
            answer = not glob.startswith("!")
    return answer
