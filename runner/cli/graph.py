"""`runner graph`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Unpack

import click

from runner.cli.choosing import SelectionOptions, choosing, selection
from runner.cli.conducting_verbs import conducted
from runner.cli.grammar import Verb
from runner.cli.settings import choice
from runner.cli.showing import JsonRow, Showing
from runner.operations.graph import GraphRequest, GraphResult
from runner.operations.graph import graph as operation
from runner.report.graph_text import Edges, Marks, Waves, dot, graph_lines, mermaid

FORMATS: dict[str, Callable[[Waves, Edges, Marks], str]] = {"dot": dot, "mermaid": mermaid}


class GraphOptions(SelectionOptions):
    """As click hands them over."""

    format: str


def _rows(result: GraphResult) -> Iterator[JsonRow]:
    for number, wave in enumerate(result.waves, 1):
        for target in wave:
            needs = [
                {"target": str(each.target), "because": each.because} for each in result.edges.get(target, ())
            ]
            yield (
                "node",
                {
                    "target": str(target),
                    "wave": number,
                    "needs": [dict(each) for each in needs],
                    "affected": result.marks.get(target),
                    "widened": [*result.widened.get(target, ())],
                },
            )


def _showing(format: str) -> Showing[GraphResult]:
    spelled = FORMATS.get(format)
    return Showing(
        words=lambda result: graph_lines(result.waves, result.edges, result.marks),
        rows=_rows,
        plainly=lambda result: spelled(result.waves, result.edges, result.marks) if spelled else None,
    )


@click.command("graph", cls=Verb)
@choosing
@choice(
    "--format",
    type=click.Choice(["text", *FORMATS]),
    default="text",
    show_default=True,
    help="How to write it.",
)
@click.pass_context
def graph(context: click.Context, /, **given: Unpack[GraphOptions]) -> int:
    """Who needs whom, and why, as text, DOT or Mermaid.

    \b
    runner graph dev
    runner graph prod --changed       with what the work tree changes marked
    runner graph dev --format dot | dot -Tsvg
    """
    return conducted(context, operation, GraphRequest(selection=selection(given)), _showing(given["format"]))
