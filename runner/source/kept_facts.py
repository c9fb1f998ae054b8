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

from runner.diagnostics import Span
from runner.model.code import FileFacts, Symbol, SymbolKind
from runner.model.references import Json

VERSION = 2
"""Grows whenever facts are read differently or have other fields; an index of another version is dropped."""

Reader = Callable[[Any, str], Any]


def encoded_facts(facts: FileFacts) -> Json:
    """`facts` as JSON."""
    return _encoded(facts)


def decoded_facts(written: Json, path: str) -> FileFacts:
    """What `encoded_facts` made, its spans in `path`. Anything else: ValueError, TypeError, KeyError,
    IndexError."""
    return cast(FileFacts, _reader(FileFacts)(written, path))


def _encoded(value: object) -> Json:
    match value:
        case Enum():
            return str(value.value)
        case None | bool() | int() | float() | str():
            return value
        case Span():
            return [value.line, value.column, value.end_line, value.end_column]
        case Symbol():
            return [value.kind.value, value.name]
        case Mapping():
            return {str(key): _encoded(item) for key, item in value.items()}
        case frozenset():
            return sorted(_encoded(item) for item in value)  # type: ignore[type-var]
        case tuple() | list():
            return [_encoded(item) for item in value]
        case Struct():
            return [_encoded(getattr(value, name)) for name in value.__struct_fields__]
        case _:
            raise TypeError(f"facts hold no {type(value)}")


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
    fields = [(name, _reader(hints[name])) for name in kind.__struct_fields__]

    def read(written: Any, path: str) -> Any:
        pairs = zip(fields, written, strict=True)
        return kind(**{name: inner(value, path) for (name, inner), value in pairs})

    return read
