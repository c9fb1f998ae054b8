"""One file of HCL's JSON syntax to what the static gate wants of it; pure. See model.gate_facts.

Each string is a template. Keys that stand twice count twice, and lists within lists are no more than lists: the engine
takes them so, and what we dropped here would run unseen.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring
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
    at: int = 0

    def passed(self, text: str) -> Span:
        """Where the string `text` stands next: strings are asked for in their order."""
        for written in (encode_basestring(text), json.dumps(text)):
            found = self.place.content.find(written.encode(errors="surrogatepass"), self.at)
            if found >= 0:
                self.at = found + len(written)
                return self.place.at(found)
        return self.place.at(self.at)

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
    found = _Gathered(place)
    _object(found, (), root)
    if found.doubts:
        return WrittenFile(path=path, doubts=tuple(found.doubts))
    return WrittenFile(path=path, settings=tuple(found.settings), calls=tuple(found.calls))


def _object(found: _Gathered, path: Path, value: object, *, made: bool = False) -> None:
    """The members of `value`, an object or a list of such. `made`: it is what a `dynamic` block is made of."""
    for pairs in _all_of(value):
        for key, inner in pairs.items:
            span = found.passed(key)
            name = normalize("NFC", key)
            if "${" in key or "%{" in key:
                found.template(key, (*path, COMPUTED_NAME), span)
                name = COMPUTED_NAME
            if made and name == "content":
                _object(found, path, inner)
            elif name == "dynamic" and path:
                for each in _all_of(inner):
                    for label, block in each.items:
                        place = (*path, normalize("NFC", label))
                        found.settings.append(_opening(place, found.passed(label), block))
                        _object(found, place, block, made=True)
            else:
                _value(found, (*path, name), inner, span)


def _value(found: _Gathered, path: Path, value: object, span: Span) -> None:
    match value:
        case _Pairs():
            found.settings.append(_opening(path, span, value))
            _object(found, path, value)
        case list():
            for each in value:
                _value(found, path, each, span)
        case str():
            found.passed(value)
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


def _all_of(value: object) -> list[_Pairs]:
    """The objects in `value`, however deep lists hold them."""
    match value:
        case _Pairs():
            return [value]
        case list():
            return [each for item in value for each in _all_of(item)]
        case _:
            return []


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
