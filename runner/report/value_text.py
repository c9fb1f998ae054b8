"""One value of an attribute as one piece of a line: literals, marks for what is sensitive or unknown, long ones cut."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

from runner.model.change import SENSITIVE, UNKNOWN, AttributePath
from runner.model.references import Json
from runner.report.styled import Piece, Style

LONGEST = 80
_KEPT = 60

HIDDEN = Piece("(sensitive)", Style.WARNING)
HIDDEN_AND_CHANGED = Piece("(sensitive, changed)", Style.WARNING)
LATER = Piece("(known after apply)", Style.FAINT)


def is_sensitive(value: Json) -> bool:
    """Whether `value` stands for one that may not be shown."""
    return value == SENSITIVE


def is_unknown(value: Json) -> bool:
    """Whether `value` stands for one that only the apply will know."""
    return value == UNKNOWN


def written(value: Json, *, longest: int = LONGEST) -> Piece:
    """`value` in JSON's spelling. A string or collection of more than `longest` characters is cut, with its length."""
    if is_sensitive(value):
        return HIDDEN
    if is_unknown(value):
        return LATER
    text = json.dumps(marked(value), ensure_ascii=False)
    if len(text) <= longest:
        return Piece(text)
    return Piece(f"{text[:_KEPT]}… ({_length(value)})")


def masked(value: Json, paths: Collection[AttributePath]) -> Json:
    """`value` with the mark for what is sensitive at each of `paths` that it has, whatever stood there."""
    if not paths:
        return value
    if () in paths:
        return value if value is None else dict(SENSITIVE)
    inner: dict[str | int, list[AttributePath]] = {}
    for path in paths:
        inner.setdefault(path[0], []).append(path[1:])
    match value:
        case dict() if not is_sensitive(value):
            return {key: masked(item, inner.get(key, ())) for key, item in value.items()}
        case list():
            return [masked(item, inner.get(index, ())) for index, item in enumerate(value)]
        case _:
            return value


def at_path(value: Json, path: AttributePath) -> Json:
    """What stands at `path` in `value`; None where it has no such place."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def marked(value: Json) -> Json:
    """`value` with the marks inside it as words."""
    match value:
        case dict() if is_sensitive(value):
            return HIDDEN.text
        case dict() if is_unknown(value):
            return LATER.text
        case dict():
            return {key: marked(item) for key, item in value.items()}
        case list():
            return [marked(item) for item in value]
        case _:
            return value


def key_text(key: str | int) -> str:
    """A key as it is written before ` = `."""
    return (
        key
        if isinstance(key, str) and key.replace("-", "_").isidentifier()
        else json.dumps(key, ensure_ascii=False)
    )


def path_text(path: AttributePath) -> str:
    """`tags.Name`, `rule[0].port`, `labels["a.b"]`."""
    spelled = ""
    for step in path:
        if isinstance(step, int):
            spelled += f"[{step}]"
        elif step.replace("-", "_").isidentifier():
            spelled += f".{step}" if spelled else step
        else:
            spelled += f"[{json.dumps(step, ensure_ascii=False)}]"
    return spelled


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 change`, `2 changes`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def ago(seconds: float) -> str:
    """`12 seconds ago`, `3 minutes ago`, `2 hours ago`, `5 days ago`."""
    for size, noun in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{counted(int(seconds // size), noun)} ago"
    return f"{counted(int(seconds), 'second')} ago"


def _length(value: Json) -> str:
    match value:
        case str():
            return counted(len(value), "character")
        case Mapping():
            return counted(len(value), "key")
        case Sequence():
            return counted(len(value), "element")
        case _:
            return counted(len(str(value)), "digit")
