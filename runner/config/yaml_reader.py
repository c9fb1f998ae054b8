"""YAML 1.2 core schema, with the place of every key and value; bounded, and without tags, merges or surprises.

PyYAML parses (libyaml where it was built), but its values are YAML 1.1's, in which `no` is false and `08:00` a number;
so values are made here, from the parser's events: <https://yaml.org/spec/1.2.2/#103-core-schema>.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Protocol

import yaml
from msgspec import Struct, field

from runner.config.places import Places
from runner.diagnostics import Diagnostic, Span
from runner.errors import AskedWrongly
from runner.model.references import Json

DEPTH = 64
"""Deeper nesting than this is no configuration."""

BYTES = 8 << 20
"""A larger file than this is not parsed."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS: dict[str, Json] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_ENDLESS = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_CORE = "tag:yaml.org,2002:"


class _Mark(Protocol):
    """A place as the parser has it, counted from 0; libyaml's and Python's are two classes."""

    line: int
    column: int


class Document(Struct, frozen=True, kw_only=True):
    """What a file says. `mistakes` are those that did not stop the reading (duplicate keys, tags, aliases)."""

    value: Json
    root: Json
    places: Places
    nodes: int
    mistakes: tuple[Diagnostic, ...]


def read_yaml(file: str, content: bytes, limit: int) -> Document:
    """The one document in `content`; None when it is empty. `limit` nodes at most, an alias counting for all that it
    stands for. AskedWrongly when it cannot be read."""
    places = Places(file, None, content)
    text = _text(places, content)
    composer = _Composer(places=places, limit=limit)
    try:
        value, root = composer.document(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        raise AskedWrongly(_syntax(places, error)) from None
    except yaml.YAMLError as error:
        raise AskedWrongly(places.problem("yaml-syntax", f"this is no YAML: {error}")) from None
    return Document(
        value=value,
        root=root,
        places=Places(file, root, content),
        nodes=composer.nodes,
        mistakes=tuple(composer.mistakes),
    )


def _text(places: Places, content: bytes) -> str:
    """The text of a file, which must be UTF-8 and hold no control character."""
    if len(content) > BYTES:
        message = f"the file has {len(content)} bytes, more than {BYTES} are not read"
        raise AskedWrongly(places.problem("yaml-too-large", message, hint="split it"))
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        span = _at(places, content[: error.start].decode("utf-8", "replace"))
        message = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise AskedWrongly(
            places.problem("yaml-encoding", message, span, hint="save the file as UTF-8")
        ) from None
    if found := _UNPRINTABLE.search(text):
        message = f"character U+{ord(found[0]):04X} is not allowed in YAML"
        span = _at(places, text[: found.start()])
        raise AskedWrongly(
            places.problem("yaml-encoding", message, span, hint="remove it, or write it as an escape")
        )
    return text


def _at(places: Places, before: str) -> Span:
    before = before.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return Span(file=places.file, line=before.count("\n") + 1, column=len(before) - before.rfind("\n"))


_HINTS = (
    ("tab character", "indent with spaces: YAML allows no tabs there"),
    (
        "cannot start any token",
        "quote the value: this character means something to YAML at the beginning of a word",
    ),
    ("mapping values are not allowed", "quote the value if it holds `: `, or mend the indentation"),
    ("expected ',' or", "close the bracket, or add the comma before this place"),
    (
        "expected <block end>",
        "mend the indentation: this line belongs to no list or mapping that is open here",
    ),
    ("could not find expected ':'", "a key needs `: ` after it"),
    ("while scanning a quoted scalar", "close the quote"),
    ("unknown escape", "write the text in single quotes, in which a backslash is a backslash"),
)


def _syntax(places: Places, error: yaml.MarkedYAMLError) -> Diagnostic:
    """The parser's error as one sentence with a way out."""
    mark = error.problem_mark or error.context_mark
    span = Span(file=places.file, line=_marked(mark)[0], column=_marked(mark)[1])
    problem = error.problem or "it cannot be parsed"
    hint = next((hint for sign, hint in _HINTS if sign in f"{error.context} {problem}"), "")
    line = places.line(span.line)
    if "\t" in line[: span.column] and not line[: span.column].strip():
        hint = _HINTS[0][1]
    context = f" ({error.context})" if error.context else ""
    return places.problem("yaml-syntax", f"this is no YAML: {problem}{context}", span, hint=hint)


def _marked(mark: _Mark | None) -> tuple[int, int]:
    """Line and column, from 1."""
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


class _Composer(Struct, kw_only=True):
    """Events to values and places. `_anchors` name finished nodes with the number of nodes in them."""

    places: Places
    limit: int
    nodes: int = 0
    mistakes: list[Diagnostic] = field(default_factory=list)
    _anchors: dict[str, tuple[Json, Json, int]] = field(default_factory=dict)

    def document(self, events: Iterator[yaml.Event]) -> tuple[Json, Json]:
        """The first document; a second one is an error."""
        value, root, seen = None, None, False
        for event in events:
            if isinstance(event, (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentEndEvent)):
                continue
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    raise AskedWrongly(
                        self._problem(
                            "yaml-syntax", "a second document begins", event, "keep one document a file"
                        )
                    )
                seen = True
                continue
            value, root = self._node(event, events, 0)
        return value, root

    def _problem(self, code: str, message: str, event: yaml.Event, hint: str = "") -> Diagnostic:
        line, column = _marked(event.start_mark)
        return self.places.problem(
            code, message, Span(file=self.places.file, line=line, column=column), hint=hint
        )

    def _spend(self, count: int, event: yaml.Event) -> None:
        self.nodes += count
        if self.nodes > self.limit:
            message = f"the configuration has more than {self.limit} YAML nodes, aliases counted each time"
            hint = "raise `limits.yaml_nodes` in runner.yaml, or write less"
            raise AskedWrongly(self._problem("yaml-too-large", message, event, hint))

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> tuple[Json, Json]:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self.nodes
        self._spend(1, event)
        if depth > DEPTH:
            raise AskedWrongly(
                self._problem("yaml-too-large", f"this is nested more than {DEPTH} deep", event)
            )
        place: list[Json] = [
            *_marked(event.start_mark),
            *_marked(event.end_mark),
        ]
        value: Json
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(event, events, place, depth)
        else:
            assert isinstance(event, yaml.MappingStartEvent)
            value = self._mapping(event, events, place, depth)
        if event.anchor:
            self._anchors[event.anchor] = (value, place, self.nodes - before)
        return value, place

    def _alias(self, event: yaml.AliasEvent) -> tuple[Json, Json]:
        if event.anchor not in self._anchors:
            message = f"alias `*{event.anchor}` stands for nothing before it"
            self.mistakes.append(
                self._problem("yaml-alias", message, event, 'quote the value, if no alias is meant: "*"')
            )
            self._spend(1, event)
            return None, [*_marked(event.start_mark), 0, 0]
        value, place, count = self._anchors[event.anchor]
        self._spend(count, event)
        return value, place

    def _sequence(
        self, event: yaml.SequenceStartEvent, events: Iterator[yaml.Event], place: list[Json], depth: int
    ) -> Json:
        self._tag(event.tag, f"{_CORE}seq", event)
        values: list[Json] = []
        below: list[Json] = []
        for child in events:
            if isinstance(child, yaml.SequenceEndEvent):
                break
            value, where = self._node(child, events, depth + 1)
            values.append(value)
            below.append(where)
        place.append(below)
        return values

    def _mapping(
        self, event: yaml.MappingStartEvent, events: Iterator[yaml.Event], place: list[Json], depth: int
    ) -> Json:
        self._tag(event.tag, f"{_CORE}map", event)
        values: dict[str, Json] = {}
        below: dict[str, Json] = {}
        for key in events:
            if isinstance(key, yaml.MappingEndEvent):
                break
            name, where = self._key(key, events, depth + 1)
            value, value_place = self._node(next(events), events, depth + 1)
            if name is None:
                continue
            if name in values:
                first = Places(self.places.file, [*place[:4], below], b"").span((name,), key=True)
                message = f"key `{name}` is written twice; it first stands in line {first.line}"
                self.mistakes.append(self._problem("yaml-duplicate-key", message, key, "keep one of the two"))
                continue
            values[name] = value
            below[name] = [*where[:4], value_place]
        place.append(below)
        return values

    def _key(
        self, event: yaml.Event, events: Iterator[yaml.Event], depth: int
    ) -> tuple[str | None, list[Json]]:
        """A key is the text that was written, whatever it could mean as a value."""
        _, place = self._node(event, events, depth)
        assert isinstance(place, list)
        if isinstance(event, yaml.ScalarEvent) and event.value:
            return event.value, place
        self.mistakes.append(
            self._problem("yaml-key", "a key must be a word", event, "quote it, if it is meant")
        )
        return None, place

    def _tag(self, tag: str | None, expected: str, event: yaml.Event) -> None:
        if tag not in (None, "!", expected):
            self.mistakes.append(
                self._problem("yaml-tag", f"tag `{tag}` has no meaning here", event, "remove the tag")
            )

    def _scalar(self, event: yaml.ScalarEvent) -> Json:
        text = event.value
        if "\0" in text or not _encodable(text):
            self.mistakes.append(
                self._problem("yaml-encoding", "this text holds a character that no file can", event)
            )
            return ""
        if event.tag == f"{_CORE}str" or event.tag == "!" or (event.tag is None and not event.implicit[0]):
            return text
        value = self._plain(text, event)
        names = {type(None): "null", bool: "bool", int: "int", float: "float", str: "str"}
        self._tag(event.tag, _CORE + names.get(type(value), "str"), event)
        return value

    def _plain(self, text: str, event: yaml.ScalarEvent) -> Json:
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in "+-.0123456789":
            return text
        if _INTEGER.fullmatch(text) and len(text) <= 400:
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if _FLOAT.fullmatch(text) and not _INTEGER.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        if not _FLOAT.fullmatch(text) and not _INTEGER.fullmatch(text) and not _ENDLESS.fullmatch(text):
            return text
        self.mistakes.append(
            self._problem("yaml-number", "this number has no exact form", event, "quote it, if it is a text")
        )
        return 0


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
