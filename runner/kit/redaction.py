"""Secrets do not come to rest: every form of every known secret is taken out of text, bytes and JSON values."""

from __future__ import annotations

import re
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import TypeVar

from msgspec import Struct

from runner.kit.secretforms import SHORTEST, forms_of, pattern_of

_Value = TypeVar("_Value")

WRAPPED = 8  # characters: shorter ones are not looked for across line ends, where chance joins any two words
_BREAK = re.compile(r"[ \t]*(?:\r?\n|\\r\\n|\\n)[ \t│|>+]*")
# Single characters with the same separator between each two, as `join("-", split("", secret))` makes them.
_SPACED = re.compile(r"(?s)(?=(.)([^\w]{1,24}).\2.\2.\2.\2.\2.\2.)\1(?:\2.)+")


class _Compiled(Struct, frozen=True, kw_only=True):
    """What all secrets together make: `forms` are sorted; `long` finds those that are looked for across breaks."""

    labels: dict[str, str]
    forms: tuple[str, ...]
    any: re.Pattern[str]
    long: re.Pattern[str]
    starts: re.Pattern[str]


class Redactor:
    """Takes known secrets out of what is about to be stored, shown or sent; a secret becomes `[secret LABEL]`.

    Found inside other text are secrets of four characters or more, in plain, JSON, URL, base64 (any alignment), hex
    and HTML form, wrapped over lines, or spelled with separators. Shorter ones are found only where they are the
    whole value. Safe to be used by many threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._labels: dict[str, str] = {}
        self._whole: dict[str, str] = {}
        self._compiled: _Compiled | None = None

    def add(self, secret: str | bytes, label: str = "") -> None:
        """From now on `secret` is removed. An empty one is ignored. The label is what is shown in its place."""
        raw = secret.encode("utf-8", "surrogateescape") if isinstance(secret, str) else bytes(secret)
        mark = f"[secret {clean}]" if (clean := re.sub(r"[^\w.:/#-]+", "_", label)) else "[secret]"
        if not raw.strip():
            return
        forms = forms_of(raw)
        with self._lock:
            self._whole.setdefault(_text(raw).strip(), mark)
            for form in forms:
                self._labels.setdefault(form, mark)
            self._compiled = None

    def text(self, value: str) -> str:
        """`value` without any secret."""
        whole = value.strip()
        if (mark := self._whole.get(whole)) is not None:
            return value.replace(whole, mark)
        compiled = self._current()
        if compiled is None:
            return value
        value = compiled.any.sub(lambda match: compiled.labels[match.group()], value)
        return _spelled(compiled, _wrapped(compiled, value))

    def bytes(self, value: bytes) -> bytes:
        """`value` without any secret; what is no UTF-8 stays as it is."""
        return self.text(_text(value)).encode("utf-8", "surrogateescape")

    def json(self, value: _Value) -> _Value:
        """`value` with every string, key and number in it free of secrets; the shape stays."""
        return self._json(value)  # type: ignore[return-value] # a redacted number becomes a string

    def stream(self) -> RedactedStream:
        """For text that comes in pieces: a secret that two pieces share is found too."""
        return RedactedStream(self)

    def begins_secret(self, text: str) -> int:
        """Where the end of `text` may be the beginning of a secret that goes on; its length where it cannot."""
        compiled = self._current()
        if compiled is None:
            return len(text)
        squeezed, places = _squeezed(text)
        reach = max(0, len(squeezed) - max(map(len, compiled.forms)))
        near = {match.start() for match in compiled.starts.finditer(squeezed, reach)}
        for at in sorted(near | set(range(max(reach, len(squeezed) - SHORTEST + 1), len(squeezed)))):
            tail = squeezed[at:]
            following = bisect_left(compiled.forms, tail)
            if following < len(compiled.forms) and compiled.forms[following].startswith(tail):
                return places(at)
        return len(text)

    def _current(self) -> _Compiled | None:
        with self._lock:
            if self._compiled is None and self._labels:
                self._compiled = _compile(self._labels)
            return self._compiled

    def _json(self, value: object) -> object:
        match value:
            case str():
                return self.text(value)
            case bool() | None:
                return value
            case int() | float():
                return self._whole.get(str(value), value) if len(str(value)) >= SHORTEST else value
            case list() | tuple():
                return type(value)(self._json(item) for item in value)
            case dict():
                return {self._json(key): self._json(item) for key, item in value.items()}
            case _:
                return value


class RedactedStream:
    """Text in, text without secrets out; what may be the beginning of a secret waits for what follows."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown so far."""
        text = self._held + piece
        safe = self._redactor.begins_secret(text)
        self._held = text[safe:]
        return self._redactor.text(text[:safe])

    def flush(self) -> str:
        """The rest, when nothing follows."""
        held, self._held = self._held, ""
        return self._redactor.text(held)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _compile(labels: dict[str, str]) -> _Compiled:
    forms = sorted(labels)
    long = [form for form in forms if len(form) >= WRAPPED]
    return _Compiled(
        labels=dict(labels),
        forms=tuple(forms),
        any=re.compile(pattern_of(forms)),
        long=re.compile(pattern_of(long) if long else r"(?!)"),
        starts=re.compile(f"(?={pattern_of([form[:SHORTEST] for form in forms])})"),
    )


def _wrapped(compiled: _Compiled, text: str) -> str:
    """Finds what line ends (and the indentation or frame after them) cut in two."""
    if not _BREAK.search(text):
        return text
    squeezed, places = _squeezed(text)
    pieces = []
    done = 0
    for match in compiled.long.finditer(squeezed):
        start, end = places(match.start()), places(match.end() - 1) + 1
        pieces += [text[done:start], compiled.labels[match.group()]]
        done = end
    return "".join([*pieces, text[done:]])


class _Places:
    """Where a character of the squeezed text stands in the whole one."""

    def __init__(self, starts: list[int], removed: list[int]) -> None:
        self._starts = starts
        self._removed = removed

    def __call__(self, at: int) -> int:
        cut = bisect_right(self._starts, at)
        return at + (self._removed[cut - 1] if cut else 0)


def _squeezed(text: str) -> tuple[str, _Places]:
    kept: list[str] = []
    starts: list[int] = []
    removed: list[int] = []
    done = gone = 0
    for match in _BREAK.finditer(text):
        kept.append(text[done : match.start()])
        done = match.end()
        gone += done - match.start()
        starts.append(done - gone)
        removed.append(gone)
    kept.append(text[done:])
    return "".join(kept), _Places(starts, removed)


def _spelled(compiled: _Compiled, text: str) -> str:
    def judged(match: re.Match[str]) -> str:
        letters = match.group()[:: 1 + len(match.group(2))]
        return (
            _first(compiled.labels[found.group()] for found in compiled.long.finditer(letters))
            or match.group()
        )

    return _SPACED.sub(judged, text)


def _first(marks: Iterable[str]) -> str:
    return next(iter(marks), "")
