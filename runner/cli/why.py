"""`runner why`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict, Unpack

import click

from runner.cli.grammar import Verb
from runner.cli.looking import looked
from runner.cli.showing import JsonRow, Showing
from runner.model.references import Json
from runner.operations.why import WhyRequest, WhyResult
from runner.operations.why import why as operation
from runner.report.why_text import why_lines


class WhyOptions(TypedDict):
    """As click hands them over."""

    target: str
    range: str


def _rows(result: WhyResult) -> Iterator[JsonRow]:
    row = result.row
    chains: list[Json] = [
        {"subject": each.subject, "what": each.what, "steps": list(each.steps or (each.because,))}
        for each in (row.differences if row else ())
    ]
    yield (
        "why",
        {
            "target": str(result.target),
            "reason": str(row.reason) if row else None,
            "because": list(row.because) if row else [],
            "chains": chains,
            "needs": [str(each.target) for each in result.needs],
            "dependents": [str(each.target) for each in result.dependents],
        },
    )


SHOWING: Showing[WhyResult] = Showing(
    words=lambda result: why_lines(result.target, result.row, result.needs, result.dependents, result.words),
    rows=_rows,
)


@click.command("why", cls=Verb)
@click.argument("target", metavar="TARGET")
@click.argument("range", metavar="[BASE..HEAD]", default="")
@click.pass_context
def why(context: click.Context, /, **given: Unpack[WhyOptions]) -> int:
    """How a change reaches one target.

    Draws each chain from what differs: a file or a key, the modules that lead to it, the target, and who needs that.

    \b
    runner why prod/app                       what is not on the default branch yet
    runner why prod/app origin/main..topic    a branch, since it left origin/main
    """
    return looked(context, operation, WhyRequest(target=given["target"], range=given["range"]), SHOWING)
