"""Layout patterns: `stacks/{stack}`, `live/{environment}/{region}/{stack*}`; what a directory's path says by them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

DEFAULT_LAYOUT = ("stacks/{stack}",)
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)(\*?)\}")
_SKIPPED = re.compile(r"(?:^|/)(?:\.[^/]+|modules|node_modules)(?:/|$)")
"""Below these nothing is a stack: hidden directories, and what others install or call."""

_LITERAL = re.compile(r"[A-Za-z0-9_.@+=-]*")


class PatternError(ValueError):
    """A pattern that means nothing; `hint` is the way out."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Placed(Struct, frozen=True, kw_only=True):
    """What a directory's path says: the stack's name, its environment (empty: any), and the other names."""

    directory: str
    name: str
    environment: str
    captures: Mapping[str, str]


class Pattern(Struct, frozen=True, kw_only=True):
    """One layout pattern. `prefix` is the directory below which everything that it matches lies; `.` is the root."""

    text: str
    prefix: str
    _expression: re.Pattern[str]
    _names: tuple[str, ...]

    def placed(self, directory: str) -> Placed | None:
        """What `directory` is, when the pattern matches it."""
        found = self._expression.fullmatch(directory)
        if not found:
            return None
        values = dict(zip(self._names, found.groups(), strict=True))
        parts = [value for name, value in values.items() if name != "environment"]
        captures = {name: value for name, value in values.items() if name not in ("environment", "stack")}
        name = "/".join(parts) or _last_word(self.text)
        return Placed(
            directory=directory, name=name, environment=values.get("environment", ""), captures=captures
        )


def placed_by(directory: str, layout: Iterable[Pattern]) -> Placed | None:
    """What `directory` is by the first pattern that matches it; None for one that is no stack whatever it holds."""
    if directory != "." and _SKIPPED.search(directory):
        return None
    return next((found for pattern in layout if (found := pattern.placed(directory))), None)


def _last_word(pattern: str) -> str:
    """The name of a stack from which a pattern captures none: its last directory, `root` when that has none."""
    last = pattern.rsplit("/", 1)[-1]
    return "root" if last == "." or "{" in last else last


def compiled(text: str) -> Pattern:
    """A pattern as written. PatternError when it means nothing."""
    segments = text.rstrip("/").removeprefix("./").split("/") if text not in (".", "./") else []
    names: list[str] = []
    expression = "/".join(_segment(segment, names) for segment in segments) if segments else r"\."
    if repeated := next((name for name in names if names.count(name) > 1), ""):
        raise PatternError(f"layout `{text}` names `{repeated}` twice", "give each name once")
    literal: list[str] = []
    for segment in segments:
        if "{" in segment:
            break
        literal.append(segment)
    return Pattern(
        text=text, prefix="/".join(literal) or ".", _expression=re.compile(expression), _names=tuple(names)
    )


def _segment(segment: str, names: list[str]) -> str:
    """One segment as a regular expression; the names that it captures are added to `names`."""
    hint = "write directories, `{name}` for one segment and `{name*}` for several"
    if segment in ("", ".", ".."):
        raise PatternError(
            "a layout pattern is a path from the repository's root, without `..` and empty parts", hint
        )
    parts: list[str] = []
    end = 0
    for found in PLACEHOLDER.finditer(segment):
        parts.append(_literal(segment[end : found.start()], hint))
        if found[2] and found[0] != segment:
            raise PatternError(
                f"`{found[0]}` takes several segments and must stand alone between slashes", hint
            )
        names.append(found[1])
        parts.append("(.+)" if found[2] else "([^/]+)")
        end = found.end()
    return "".join([*parts, _literal(segment[end:], hint)])


def _literal(text: str, hint: str) -> str:
    if not _LITERAL.fullmatch(text):
        raise PatternError(f"`{text}` is no part of a directory's name", hint)
    return re.escape(text)
