"""Bytes to believed configuration, or all the mistakes at file:line:column.

Refuses half-valid configuration. `schema` is what was written (pydantic), `runner.model` what is believed. What was
checked once is remembered by blob id, so that neither pydantic nor a YAML parser is paid for when nothing changed: they
stand behind `Checker`, which `runner.wiring` names by string (`runner.config.schema.checking:check`), and only a file
that nobody has seen calls for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.model.references import Json

REMEMBERED = "configuration.json"
"""The file, in our directory of the Git directory, of what was believed before; see runner.config.remembering."""


class FileKind(StrEnum):
    """The three kinds of files that a user writes for us (DESIGN, section 2)."""

    ENVIRONMENT = "environment"
    RUNNER = "runner"
    STACK = "stack"


class Mistake(Struct, frozen=True, kw_only=True):
    """One mistake, and under which top-level key of its file it was made (empty: of the file as a whole)."""

    key: str
    diagnostic: Diagnostic


class Checked(Struct, frozen=True, kw_only=True):
    """A file as written and checked: only the keys that were there, durations in seconds, sizes in bytes, shorthands
    written out; plain JSON. `places` are `runner.config.places`' coordinates, `nodes` the YAML nodes, aliases counted
    each time. Keys with mistakes are left out of `value`."""

    value: Mapping[str, Json]
    places: Json
    nodes: int
    mistakes: tuple[Mistake, ...] = ()


class Checker(Protocol):
    """Reads one file as written. Mistakes are returned; a file that cannot be read at all is one mistake."""

    def __call__(self, kind: FileKind, file: str, content: bytes, limit: int) -> Checked:
        """`limit` is the number of YAML nodes that may still be spent."""
