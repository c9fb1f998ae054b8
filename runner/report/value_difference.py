"""What differs between two values, as lines: nested, with what stays the same folded into a count."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import SequenceMatcher

from msgspec import Struct

from runner.model.change import AttributePath
from runner.model.references import Json
from runner.report.styled import Line, Piece, Style, indented, line
from runner.report.value_text import (
    HIDDEN,
    HIDDEN_AND_CHANGED,
    counted,
    is_sensitive,
    is_unknown,
    key_text,
    written,
)

ADDED = Piece("+ ", Style.GOOD)
REMOVED = Piece("- ", Style.BAD)
CHANGED = Piece("~ ", Style.CHANGED)
_LONGEST_SEQUENCE = 1_000  # comparing sequences is quadratic, and a stranger chooses their length
_STEP = 4
_CONTEXT = 2


class Marks(Struct, frozen=True, kw_only=True):
    """What is known of paths besides the two values: what may not be shown, what differs, what forces a replacement."""

    sensitive: frozenset[AttributePath] = frozenset()
    differing: frozenset[AttributePath] = frozenset()
    forcing: frozenset[AttributePath] = frozenset()

    def hides(self, path: AttributePath) -> bool:
        """Whether `path`, or something that it lies in, is sensitive."""
        return any(path[:length] in self.sensitive for length in range(1, len(path) + 1))

    def differs(self, path: AttributePath) -> bool:
        """Whether the engine says that `path`, or something inside it, differs."""
        return any(each[: len(path)] == path for each in self.differing)


def attribute_lines(before: dict[str, Json], after: dict[str, Json], marks: Marks) -> Iterator[Line]:
    """The lines of all attributes; those that stay the same are one line."""
    yield from _members(before, after, (), marks, "attribute")


def _members(
    before: dict[str, Json], after: dict[str, Json], path: AttributePath, marks: Marks, noun: str
) -> Iterator[Line]:
    same = 0
    for key in sorted({*before, *after}):
        inner = (*path, key)
        old, new = before.get(key), after.get(key)
        if old == new and not marks.differs(inner):
            same += old is not None
        else:
            yield from _one(f"{key_text(key)} = ", old, new, inner, marks)
    if same:
        yield line(Piece(f"# ({same} unchanged {noun}{'' if same == 1 else 's'})", Style.FAINT))


def _one(label: str, old: Json, new: Json, path: AttributePath, marks: Marks) -> Iterator[Line]:
    forced = Piece("  # forces replacement", Style.LOUD) if path in marks.forcing else Piece("")
    if marks.hides(path) or is_sensitive(old) or is_sensitive(new):
        yield line(_sign(old, new), label, _hidden(old, new, path, marks), forced)
    elif old is None and new is not None:
        yield line(ADDED, label, written(new), forced)
    elif new is None and old is not None:
        yield line(REMOVED, label, written(old), Piece(" -> null", Style.FAINT), forced)
    else:
        parts = _nested(old, new, path, marks)
        if parts is None:
            yield line(CHANGED, label, written(old), " -> ", written(new), forced)
        else:
            opening, inside, closing = parts
            yield line(CHANGED, label, opening, forced)
            yield from indented(inside, _STEP)
            yield line("  ", closing)


def _sign(old: Json, new: Json) -> Piece:
    return ADDED if old is None else REMOVED if new is None else CHANGED


def _hidden(old: Json, new: Json, path: AttributePath, marks: Marks) -> Piece:
    both = old is not None and new is not None
    return HIDDEN_AND_CHANGED if both and (old != new or marks.differs(path)) else HIDDEN


def _nested(old: Json, new: Json, path: AttributePath, marks: Marks) -> tuple[str, list[Line], str] | None:
    """How the difference opens, its lines and how it closes, when it is more than one value in another's place."""
    match old, new:
        case (dict(), _) | (_, dict()) if is_unknown(old) or is_unknown(new):
            return None
        case dict(), dict():
            return "{", list(_members(old, new, path, marks, "key")), "}"
        case list(), list() if max(len(old), len(new)) <= _LONGEST_SEQUENCE:
            return "[", list(_elements(old, new, path, marks)), "]"
        case str(), str() if inner := _nested(_document(old), _document(new), path, marks):
            return f"json({inner[0]}", inner[1], f"{inner[2]})"
        case str(), str() if "\n" in old.rstrip("\n") or "\n" in new.rstrip("\n"):
            before, after = old.split("\n"), new.split("\n")
            if max(len(before), len(after)) <= _LONGEST_SEQUENCE:
                return "<<", list(_text_lines(before, after)), ">>"
    return None


def _document(text: str) -> dict[str, Json] | list[Json] | None:
    # Policies and templates come as JSON in a string; their inside is what one wants to see.
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _elements(old: list[Json], new: list[Json], path: AttributePath, marks: Marks) -> Iterator[Line]:
    before, after = ([json.dumps(each, sort_keys=True) for each in side] for side in (old, new))
    same = 0
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for tag, old_start, old_end, new_start, new_end in steps:
        if tag == "equal":
            same += old_end - old_start
        elif tag == "replace" and old_end - old_start == new_end - new_start:
            for offset in range(old_end - old_start):
                inner = (*path, new_start + offset)
                yield from _one("", old[old_start + offset], new[new_start + offset], inner, marks)
        else:
            yield from (
                _element(REMOVED, old[index], (*path, index), marks) for index in range(old_start, old_end)
            )
            yield from (
                _element(ADDED, new[index], (*path, index), marks) for index in range(new_start, new_end)
            )
    if same:
        yield line(Piece(f"# ({counted(same, 'unchanged element')})", Style.FAINT))


def _element(sign: Piece, value: Json, path: AttributePath, marks: Marks) -> Line:
    return line(sign, HIDDEN if marks.hides(path) else written(value))


def _text_lines(old: list[str], new: list[str]) -> Iterator[Line]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    shown = 0
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        start, end = group[0][1], group[-1][2]
        if start > shown:
            yield line(Piece(f"# ({counted(start - shown, 'unchanged line')})", Style.FAINT))
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                yield from (line("  ", each) for each in old[old_start:old_end])
            else:
                yield from (line(REMOVED, each) for each in old[old_start:old_end])
                yield from (line(ADDED, each) for each in new[new_start:new_end])
        shown = end
    if len(old) > shown:
        yield line(Piece(f"# ({counted(len(old) - shown, 'unchanged line')})", Style.FAINT))
