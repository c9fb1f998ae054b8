"""Facts of a file as JSON and back. Structs are lists of their fields; spans lose their file, which the path gives
back: one blob may stand at many paths."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import astuple

from runner.diagnostics import Span
from runner.model.code import FileFacts, Symbol, SymbolKind
from runner.model.references import Json

VERSION = 7
"""Grows whenever facts are read differently or have other fields; an index of another version is dropped."""

Reader = Callable[[Any, str], Any]


def encoded_facts(facts: FileFacts) -> Json:
    """`facts` as JSON."""
    return _encoded(facts)


def decoded_facts(written: Json, path: str) -> FileFacts:
    """What `encoded_facts` made, its spans in `path`. Anything else: ValueError, TypeError, KeyError,
    IndexError."""
    return cast(FileFacts, _reader(FileFacts)(written, path))


def moved(facts: FileFacts, path: str) -> FileFacts:
    """The facts of a file that holds the same as theirs."""
    return decoded_facts(encoded_facts(facts), path)


def _encoded(value: Any) -> Json:
    return _writer(value.__class__)(value)


@cache
def _writer(kind: type) -> Callable[[Any], Json]:
    """How a value of the class `kind` is written."""
    if kind in _PLAIN:
        return lambda value: cast(Json, value)
    if issubclass(kind, Enum):
        return lambda value: str(value.value)
    if kind is Span:
        return lambda span: [span.line, span.column, span.end_line, span.end_column]
    if issubclass(kind, Struct):
        return lambda value: [_encoded(each) for each in astuple(value)]
    if issubclass(kind, Mapping):
        return lambda value: {str(key): _encoded(item) for key, item in value.items()}
    if issubclass(kind, frozenset):
        return lambda value: [*sorted(map(str, value))]
    if issubclass(kind, (tuple, list)):
        return lambda value: [_encoded(item) for item in value]
    raise TypeError(f"facts hold no {kind}")


_PLAIN = frozenset({type(None), bool, int, float, str})


def _span(written: Any, path: str) -> Span:
    line, column, end_line, end_column = written
    return Span(file=path, line=line, column=column, end_line=end_line, end_column=end_column)


def _symbol(written: Any, _path: str) -> str | Symbol:
    return written if isinstance(written, str) else Symbol(kind=SymbolKind(written[0]), name=written[1])


def _as_is(written: Any, _path: str) -> Any:
    return written


@cache
def _reader(kind: Any) -> Reader:
    """How a value of the type `kind` is read."""
    if kind is Span:
        return _span
    if kind == str | Symbol:
        return _symbol
    if isinstance(kind, type) and issubclass(kind, Enum):
        return lambda written, _path: kind(written)
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _struct_reader(kind)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union) and type(None) in arguments and len(arguments) == 2:
        inner = _reader(next(each for each in arguments if each is not type(None)))
        return lambda written, path: None if written is None else inner(written, path)
    if origin is frozenset:
        return lambda written, _path: frozenset(written)
    if origin is tuple and arguments[1:] == (...,):
        item = _reader(arguments[0])
        if item is _as_is:
            return lambda written, _path: tuple(written)
        return lambda written, path: tuple([item(each, path) for each in written])
    if origin is tuple:
        items = [_reader(each) for each in arguments]
        return lambda written, path: tuple(
            [read(each, path) for read, each in zip(items, written, strict=True)]
        )
    if isinstance(origin, type) and arguments and issubclass(origin, Mapping):
        item = _reader(arguments[1])
        return lambda written, path: {key: item(each, path) for key, each in written.items()}
    return _as_is


def _struct_reader(kind: type[Struct]) -> Reader:
    hints = typing.get_type_hints(kind)
    names = kind.__struct_fields__
    readers = [(name, reader) for name in names if (reader := _reader(hints[name])) is not _as_is]

    def read(written: Any, path: str) -> Any:
        fields = dict(zip(names, written, strict=True))
        for name, reader in readers:
            fields[name] = reader(fields[name], path)
        return kind(**fields)

    return read
