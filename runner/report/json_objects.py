"""The objects that every verb writes, one a line (DESIGN, section 3): `"schema": "runner/1"`, a `"type"`; problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runner.diagnostics import Diagnostic
from runner.model.references import Json
from runner.report.safe_text import json_text

SCHEMA = "runner/1"


def json_line(kind: str, members: Mapping[str, Json]) -> str:
    """One object of type `kind`, ended by a line feed. `members` have no `schema` or `type` of their own."""
    assert not {"schema", "type"} & members.keys(), f"a member of `{kind}` would hide what the object is"
    return json_text({"schema": SCHEMA, "type": kind, **members}) + "\n"


def diagnostic_object(each: Diagnostic) -> dict[str, Json]:
    """A problem: code, severity, message, hint, and file, line, column where it has a place."""
    place: dict[str, Json] = {}
    if each.span:
        place = {"file": each.span.file, "line": each.span.line, "column": each.span.column}
    return {
        "code": each.code,
        "severity": str(each.severity),
        "message": each.message,
        "hint": each.hint,
        "span": place or None,
    }


def diagnostic_objects(diagnostics: Iterable[Diagnostic]) -> list[Json]:
    """Several problems, each once."""
    return [diagnostic_object(each) for each in dict.fromkeys(diagnostics)]
