"""JSON that an engine wrote, read without trust in its shape: what is not of the awaited kind counts as empty; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from runner.model.references import Json


def line_told(line: bytes) -> str | dict[str, Json]:
    """The object that a line of output holds; its words, where it is none."""
    text = line.decode("utf-8", "replace").strip()
    try:
        told: Json = json.loads(text)
    except ValueError:
        return text
    return told if isinstance(told, dict) else text


def object_of(value: Json) -> dict[str, Json]:
    """The object that it is, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects_of(value: Json) -> list[dict[str, Json]]:
    """The members of the list that it is, those that are no objects as empty ones."""
    return [object_of(each) for each in value] if isinstance(value, list) else []


def strings_of(value: Json) -> tuple[str, ...]:
    """The members of the list that it is, as texts."""
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


def text_at(told: Mapping[str, Json], key: str) -> str:
    """The text at `key`, else an empty one."""
    value = told.get(key)
    return value if isinstance(value, str) else ""


def texts_in(value: Json) -> Iterator[str]:
    """Every text in it, at any depth; names of members are none."""
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from texts_in(each)
        case list():
            for each in value:
                yield from texts_in(each)
        case _:
            return


def without_texts(value: Json, texts: frozenset[str]) -> Json:
    """`value` with `[secret]` in the place of each whole text that is one of `texts`."""
    match value:
        case str():
            return "[secret]" if value in texts else value
        case dict():
            return {name: without_texts(each, texts) for name, each in value.items()}
        case list():
            return [without_texts(each, texts) for each in value]
        case _:
            return value
