"""Texts of a program as paths: from where, and as far as their letters are known. Pure."""

from __future__ import annotations

from msgspec import Struct

from runner.model.code import Symbol, SymbolKind, Text


class Spelled(Struct, frozen=True):
    """A text as a path: `place` a directory (empty: the working directory), `fixed` what is known below it; `known`
    when that is all of it, else `ending` is what it ends in."""

    place: str
    fixed: str
    known: bool
    ending: str = ""

    @property
    def whole_segments(self) -> str:
        """`templates/a-` is known up to `templates`."""
        return self.fixed.rpartition("/")[0]


def spelled_path(text: Text, module: str, working: str, stack: str) -> Spelled:
    """What `text` spells in a file of the directory `module`, in a program that runs in `working` for `stack`."""
    place, fixed = "", ""
    for at, part in enumerate(text):
        match part:
            case str():
                fixed += part
            case Symbol(kind=SymbolKind.WORKSPACE):
                fixed += stack
            case Symbol(kind=SymbolKind.MODULE | SymbolKind.WORKING as kind) if at == 0:
                place = module if kind is SymbolKind.MODULE else working
            case _:
                last = text[-1]
                return Spelled(place, _below(place, fixed), False, last if isinstance(last, str) else "")
    return Spelled(place, _below(place, fixed), True)


def _below(place: str, fixed: str) -> str:
    return fixed.lstrip("/") if place else fixed
