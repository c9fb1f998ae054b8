"""`runner schema`."""

from __future__ import annotations

import json

import click

from runner.cli.conducting_verbs import conducted
from runner.cli.grammar import Verb
from runner.cli.showing import Showing
from runner.operations.schema import SchemaRequest, SchemaResult
from runner.operations.schema import schema as operation

KINDS = ("environment", "runner", "stack", "all")


def _document(result: SchemaResult) -> str:
    found = list(result.schemas.values())
    return json.dumps(found[0] if len(found) == 1 else dict(result.schemas), indent=2) + "\n"


SHOWING: Showing[SchemaResult] = Showing(
    words=lambda result: (),
    rows=lambda result: (
        ("schema", {"kind": kind, "document": each}) for kind, each in result.schemas.items()
    ),
    plainly=_document,
)


@click.command("schema", cls=Verb)
@click.argument("kind", type=click.Choice(KINDS), default="all")
@click.pass_context
def schema(context: click.Context, /, kind: str) -> int:
    """The JSON Schema of the configuration files.

    \b
    runner schema environment > environment.schema.json
    """
    return conducted(context, operation, SchemaRequest(kind=kind), SHOWING)
