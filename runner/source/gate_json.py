"""One file of HCL's JSON syntax to what the static gate wants of it; pure. See model.gate_facts.

Each string is a template. Keys that stand twice count twice, and lists within lists are no more than lists: the engine
takes them so, and what we dropped here would run unseen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TypeAlias
from unicodedata import normalize

from msgspec import Struct, field

from runner.diagnostics import Diagnostic, Span
from runner.model.code import UNKNOWN_TEXT, Text
from runner.model.gate_facts import COMPUTED_NAME, OPENING, Call, Setting, WrittenFile
from runner.source.gate_doubts import doubt, unread_bytes
from runner.source.gate_hcl import digest_of, read_template
from runner.source.hcl import text_in_template
from runner.source.spans import Place

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BOM = b"\xef\xbb\xbf"
Path: TypeAlias = tuple[str, ...]


class _Pairs(Struct):
    """An object, as it is written: in its order, with every key."""

    items: list[tuple[str, object]]


class _Gathered(Struct):
    place: Place
    settings: list[Setting] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    doubts: list[Diagnostic] = field(default_factory=list)
    strings: Iterator[re.Match[bytes]] = field(default_factory=lambda: iter(()))

    def passed(self) -> Span:
        """Where the next string stands: they are asked for in their order, and none is left out."""
        found = next(self.strings, None)
        return self.place.at(found.start() if found else 0)

    def skipped(self, value: object) -> None:
        """Passes what is not looked into."""
        match value:
            case _Pairs():
                for _, inner in value.items:
                    self.passed()
                    self.skipped(inner)
            case list():
                for each in value:
                    self.skipped(each)
            case str():
                self.passed()
            case _:
                return

    def template(self, text: str, path: Path, span: Span) -> None:
        """Keeps what stands in the template `text`."""
        settings, calls, reason = read_template(text.encode(errors="replace"), lambda _: span, path)
        self.settings += settings
        self.calls += calls
        if reason:
            self.doubts.append(doubt(span, reason))


def written_json(content: bytes, path: str) -> WrittenFile:
    """What the file's bytes say."""
    place = Place(path, content)
    if refused := unread_bytes(place):
        return WrittenFile(path=path, doubts=(refused,))
    try:
        root = json.loads(content.removeprefix(_BOM).decode(), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as problem:
        offset = problem.pos if isinstance(problem, json.JSONDecodeError) else 0
        return WrittenFile(path=path, doubts=(doubt(place.at(offset), f"this is not JSON ({problem})"),))
    found = _Gathered(place, strings=_STRING.finditer(content))
    _object(found, (), root)
    if found.doubts:
        return WrittenFile(path=path, doubts=tuple(found.doubts))
    return WrittenFile(path=path, settings=tuple(found.settings), calls=tuple(found.calls))


def _object(found: _Gathered, path: Path, value: object, *, made: bool = False) -> None:
    """The members of `value`, an object or a list of such. `made`: it is what a `dynamic` block is made of."""
    match value:
        case _Pairs():
            for key, inner in value.items:
                _member(found, path, key, inner, made=made)
        case list():
            for each in value:
                _object(found, path, each, made=made)
        case _:
            found.skipped(value)


def _member(found: _Gathered, path: Path, key: str, value: object, *, made: bool) -> None:
    span, name = found.passed(), normalize("NFC", key)
    if "${" in key or "%{" in key:
        found.template(key, (*path, COMPUTED_NAME), span)
        name = COMPUTED_NAME
    if made and name == "content":
        _object(found, path, value)
    elif name == "dynamic" and path:
        _dynamic(found, path, value)
    else:
        _value(found, (*path, name), value, span)


def _dynamic(found: _Gathered, path: Path, value: object) -> None:
    """Labels, and what stands where each of them says."""
    match value:
        case _Pairs():
            for label, block in value.items:
                place = (*path, normalize("NFC", label))
                found.settings.append(_opening(place, found.passed(), block))
                _object(found, place, block, made=True)
        case list():
            for each in value:
                _dynamic(found, path, each)
        case _:
            found.skipped(value)


def _value(found: _Gathered, path: Path, value: object, span: Span) -> None:
    match value:
        case _Pairs():
            found.settings.append(_opening(path, span, value))
            _object(found, path, value)
        case list():
            for each in value:
                _value(found, path, each, span)
        case str():
            found.passed()
            text = normalize("NFC", value)
            found.settings.append(Setting(path=path, value=_text(text), span=span, digest=_digest(value)))
            found.template(text, path, span)
        case None:
            return
        case _:
            plain: Text = (json.dumps(value),)
            found.settings.append(Setting(path=path, value=plain, span=span, digest=_digest(value)))


def _opening(path: Path, span: Span, value: object) -> Setting:
    return Setting(path=path, value=OPENING, span=span, digest=_digest(value))


def _text(value: str) -> Text:
    found = text_in_template(value)
    return found if found or not value else UNKNOWN_TEXT


def _digest(value: object) -> str:
    return digest_of(json.dumps(_plain(value)).encode())


def _plain(value: object) -> object:
    match value:
        case _Pairs():
            return [[key, _plain(inner)] for key, inner in value.items]
        case list():
            return [_plain(each) for each in value]
        case _:
            return value
