"""Which modules `init` would install for a stack, where its code tells and `init` has nothing else to do.

Answers only where every source is a plain literal path: what needs an engine's own eyes (an override, a link, a source
that is computed or only nearly a path) is left to the engine. Terraform and OpenTofu hold the answer against the code
when they load it, by key and source; that a directory is the right one is for us to get right.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from runner.decisions.closure import Code
from runner.decisions.lookup import joined, located
from runner.model.code import ModuleCall, ModuleFacts
from runner.model.installation import InstalledModule

MOST_MODULES = 1000
"""A few calls in each of a few levels multiply."""

_PLAIN_PATH = re.compile(r"(?:\./|(?:\.\./)+)(?!\.\.?(?:/|$))\w[\w.-]*(?:/\w[\w.-]*)*", re.ASCII)
_PLAIN_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)


class _Unclear(Exception):
    """Only the engine can tell."""


class _Place(Struct, frozen=True, kw_only=True):
    """A module on the way: `above` are the directories that led to it."""

    module: InstalledModule
    above: tuple[str, ...]


def module_tree(stack: str, code: Code, *, opentofu: bool) -> tuple[InstalledModule, ...] | None:
    """The modules of the stack in the directory `stack`, its own first. None where the engine must look by itself:
    also where a module has a backend, or needs a provider that is not built in."""
    if located(code, stack).path != stack:
        return None
    found: list[InstalledModule] = []
    waiting = [_Place(module=InstalledModule(key="", source="", directory="."), above=())]
    try:
        while waiting:
            place = waiting.pop()
            found.append(place.module)
            if len(found) > MOST_MODULES:
                return None
            waiting.extend(_called(place, stack, code, opentofu=opentofu))
    except _Unclear:
        return None
    return tuple(sorted(found, key=lambda module: module.key))


def _called(place: _Place, stack: str, code: Code, *, opentofu: bool) -> Iterator[_Place]:
    """The modules that one calls."""
    here = joined(stack, place.module.directory)
    if here is None or here in place.above or located(code, here).path != here:
        raise _Unclear
    facts = code.module(here, opentofu=opentofu)
    if facts is None or facts.links or facts.diagnostics or replace(facts, calls=()).needs_init:
        raise _Unclear
    for name, source in _literal_calls(facts, code).items():
        directory = posixpath.normpath(posixpath.join(place.module.directory, source))
        key = f"{place.module.key}.{name}" if place.module.key else name
        yield _Place(
            module=InstalledModule(key=key, source=source, directory=directory), above=(*place.above, here)
        )


def _literal_calls(facts: ModuleFacts, code: Code) -> dict[str, str]:
    """Name -> source, as the files write them: the facts of a module have its locals resolved already."""
    calls: dict[str, str] = {}
    for path in facts.files:
        file = code.facts(path)
        if file is None:
            raise _Unclear
        for call in file.calls:
            if call.name in calls:
                raise _Unclear
            calls[call.name] = _literal_source(call)
    return calls


def _literal_source(call: ModuleCall) -> str:
    match call.source:
        case (str() as written,) if (
            not call.version and _PLAIN_NAME.fullmatch(call.name) and _PLAIN_PATH.fullmatch(written)
        ):
            return written
        case _:
            raise _Unclear
