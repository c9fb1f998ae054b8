"""`runner outputs`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack

import click

from runner.cli.choosing import SelectionOptions, choosing, selection
from runner.cli.conducting_verbs import conducted
from runner.cli.grammar import Verb
from runner.cli.settings import choice
from runner.cli.showing import JsonRow, Showing
from runner.model.change import SENSITIVE, Output
from runner.operations.outputs import OutputsRequest, OutputsResult
from runner.operations.outputs import outputs as operation
from runner.report.listings import outputs_table
from runner.report.safe_text import json_text
from runner.report.styled import line


class OutputsOptions(SelectionOptions):
    """As click hands them over."""

    name: str
    reveal: bool


def _showing(name: str, reveal: bool) -> Showing[OutputsResult]:
    def rows(result: OutputsResult) -> Iterator[JsonRow]:
        for target, outputs in result.values.items():
            for each, output in sorted(outputs.items()):
                value = SENSITIVE if output.sensitive and not reveal else output.value
                members = {"target": str(target), "name": each, "value": value, "sensitive": output.sensitive}
                yield "output", {**members, "value_type": output.type}

    def plainly(result: OutputsResult) -> str | None:
        found = [output for outputs in result.values.values() for output in outputs.values()]
        return _bare(found[0], reveal) if name and len(found) == 1 else None

    return Showing(
        words=lambda result: outputs_table(result.values, reveal=reveal) or [line("there are no outputs")],
        rows=rows,
        plainly=plainly,
    )


def _bare(output: Output, reveal: bool) -> str | None:
    """One value as a program wants it, `$(runner outputs prod/network --name vpc_id)`: text as it is, else JSON."""
    if output.sensitive and not reveal:
        return None
    return f"{output.value if isinstance(output.value, str) else json_text(output.value)}\n"


@click.command("outputs", cls=Verb)
@choosing
@choice("--name", metavar="OUTPUT", default="", help="Only this one; of one target, its bare value.")
@choice("--reveal", is_flag=True, help="Sensitive ones too, in plain.")
@click.pass_context
def outputs(context: click.Context, /, **given: Unpack[OutputsOptions]) -> int:
    """The outputs of live targets.

    \b
    runner outputs dev                            all of an environment
    runner outputs dev/network --name vpc_id      one bare value, for a script
    """
    request = OutputsRequest(selection=selection(given), name=given["name"], reveal=given["reveal"])
    return conducted(context, operation, request, _showing(given["name"], given["reveal"]))
