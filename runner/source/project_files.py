"""Files of a Pulumi project that are no Python: what they name, found by regular expressions that find too much. Pure.

References by function: of a project file `name`, `main`, `runtime`, `configs` (where settings lie); `odd` where one of
them stands in a form that is not looked into; `text` whatever may be a path. Of a file of dependencies `search` (a
directory that is installed) and `load` (another such file). Of other sources `up` (a path that leads upwards) and
`stack` (a reference to another stack); of what may list files also `named` (a word that may name a file), or `unlisted`
where it has too many of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from runner.model.code import FileFacts, FileReference, Symbol, SymbolKind, Text
from runner.source.spans import Place, beyond_limits

_KEYS = {"name": "name", "main": "main", "stackConfigDir": "configs"}
_PLAIN = re.compile(
    rb"(?m)^(name|main|stackConfigDir)[ \t]*+:[ \t]*+([\"']?)((?:[\w./@-](?:[\w./@ -]*[\w./@-])?)?)\2[ \t]*(?:#.*)?\r?$"
)
_ANY_KEY = re.compile(rb"[\"']?\b(main|stackConfigDir|runtime)[\"']?[ \t]*:")
_RUNTIME = re.compile(rb"(?m)^runtime[ \t]*:(?:[ \t]*\{?\s*(?:#.*\n\s*)*name[ \t]*:)?[ \t]*[\"']?([\w-]+)")
_RUN = re.compile(rb"[\w.@~/-]+")
_LAST_WORD = re.compile(rb"[\"']?[ \t]*\r?\n")
_UP = re.compile(rb"(?:\.\.[/\\])+[\w@.\-/\\]*")
_INSTALLED = re.compile(
    rb"(?m)^[ \t]*(?:-e|--editable)[ \t=]*(?:file:)?([^\s#;\[]+)|@[ \t]*file:([^\s#;]+)"
    rb"|^[ \t]*(\.{1,2}/[^\s#;\[]*|\.(?=[ \t]*\r?$))"
    rb"|\b(?:path|directory|editable|from|url)[ \t]*=[ \t]*[\"'](?:file:)?([^\"'\n:]+)[\"']"
)
_INCLUDED = re.compile(rb"(?m)^[ \t]*(?:-r|-c|--requirement|--constraint)[ \t=]*([^\s#]+)")
_LISTS = re.compile(rb"(?:members|where|packages|package-dir|pythonpath)\s*=\s*[\[{]([^\]}]*)[\]}]")
_QUOTED = re.compile(rb"[\"']([^\"'\n]+)[\"']")
_PATH = re.compile(rb"[\w.@~+/-]+")
_MOST_LISTED = 5_000
"""Names in a file that may list files: an index of files has fewer, and each of them is looked for."""

_LONGEST = 4096
"""Bytes of a path, where systems have the most."""
_STACK = re.compile(
    rb"StackReference[\s\S]{0,200}?[\"'`]?\b([\w.-]{1,100}/[\w.-]{1,100}/(?:[\w.-]{1,100}|\$\{[^}\n]{0,100}\}))"
)


def parse_project(content: bytes, path: str) -> FileFacts:
    """The facts of `Pulumi.yaml`, or of a stack's settings."""
    return _facts(content, path, _of_project)


def parse_dependencies(content: bytes, path: str) -> FileFacts:
    """The facts of `requirements.txt`, `pyproject.toml` and their kin."""
    return _facts(content, path, _of_dependencies)


def parse_source(content: bytes, path: str) -> FileFacts:
    """The facts of a file in any other language."""
    return _facts(content, path, _of_source)


def parse_listing(content: bytes, path: str) -> FileFacts:
    """The facts of a file that programs read, and that may say what else they read."""
    return _facts(content, path, _of_listing)


def _facts(content: bytes, path: str, found: Callable[[Place], Iterator[tuple[str, Text, int]]]) -> FileFacts:
    place = Place(path, content)
    if refused := beyond_limits(place):
        return FileFacts(diagnostics=(refused,))
    references: dict[tuple[str, Text], FileReference] = {}
    for function, text, at in found(place):
        if (function, text) not in references:
            references[function, text] = FileReference(function=function, path=text, span=place.at(at))
    return FileFacts(references=tuple(references.values()))


def _of_project(place: Place) -> Iterator[tuple[str, Text, int]]:
    content = place.content
    plain = {found[1]: found for found in _PLAIN.finditer(content)}
    for key, found in plain.items():
        yield _KEYS[key.decode()], (found[3].decode().strip(),), found.start()
    runtime = _RUNTIME.search(content)
    if runtime:
        yield "runtime", (runtime[1].decode(),), runtime.start()
    for each in _ANY_KEY.finditer(content):
        seen = runtime is not None if each[1] == b"runtime" else each[1] in plain
        if not seen:
            yield "odd", (each[1].decode(),), each.start()
    yield from _stacks(content)
    for start, word in _words(content):
        yield "text", (word.decode(),), start


def _of_dependencies(place: Place) -> Iterator[tuple[str, Text, int]]:
    for found in _INSTALLED.finditer(place.content):
        written = next(each for each in found.groups() if each)
        yield "search", (_decoded(written),), found.start()
    for found in _INCLUDED.finditer(place.content):
        yield "load", (_decoded(found[1]),), found.start()
    end = max(place.content.rfind(b"]"), place.content.rfind(b"}")) + 1
    for some in _LISTS.finditer(place.content, 0, end):
        for each in _QUOTED.finditer(some[1]):
            yield "search", (_decoded(each[1]),), some.start()


def _of_source(place: Place) -> Iterator[tuple[str, Text, int]]:
    for found in _UP.finditer(place.content):
        yield "up", (_decoded(found[0]).replace("\\", "/"),), found.start()
    yield from _stacks(place.content)


def _of_listing(place: Place) -> Iterator[tuple[str, Text, int]]:
    yield from _of_source(place)
    names: dict[bytes, int] = {}
    for found in _PATH.finditer(place.content):
        name = found[0].rstrip(b".@~+/-")
        if (b"." in name or b"/" in name) and len(name) <= _LONGEST:
            names.setdefault(name, found.start())
        if len(names) > _MOST_LISTED:
            yield "unlisted", (), found.start()
            return
    for name, start in names.items():
        yield "named", (_decoded(name),), start


def _words(content: bytes) -> Iterator[tuple[int, bytes]]:
    """What may be a path: with a dot or a slash in it, or a whole value."""
    for run in _RUN.finditer(content):
        start, word = run.start(), run[0].rstrip(b".@~/-")
        if b"." in word or b"/" in word:
            yield start, word
        elif (
            content[max(start - 2, 0) : start] in (b": ", b"- ")
            and _LAST_WORD.match(content, run.end())
            and not set(run[0]) & set(b".@~/")
        ):
            yield start, run[0]


def _stacks(content: bytes) -> Iterator[tuple[str, Text, int]]:
    """A stack that is filled in is the reader's own: its name is what people fill in there."""
    for found in _STACK.finditer(content):
        named, filled, _ = _decoded(found[1]).partition("${")
        own: Text = (Symbol(kind=SymbolKind.WORKSPACE),) if filled else ()
        yield "stack", (named, *own), found.start()


def _decoded(written: bytes) -> str:
    return written.decode(errors="surrogateescape")
