"""`schema`: the JSON Schema of what a user writes, for editors."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.model.references import Json
from runner.operations.bench import Bench


class SchemaRequest(Struct, frozen=True, kw_only=True):
    """`kind`: environment | runner | stack | all."""

    kind: str = "all"


class SchemaResult(Struct, frozen=True, kw_only=True):
    """Kind -> JSON Schema."""

    schemas: Mapping[str, Json]
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def schema(request: SchemaRequest, bench: Bench) -> SchemaResult:
    """The schemas that are asked for."""
    schemas = bench.tools.schemas()
    wanted = schemas if request.kind == "all" else {request.kind: schemas[request.kind]}
    return SchemaResult(schemas=wanted)
