"""`runner explain`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from runner.cli.conducting_verbs import conducted
from runner.cli.grammar import Verb
from runner.cli.showing import Showing
from runner.operations.explain import ExplainRequest, ExplainResult
from runner.operations.explain import explain as operation
from runner.report.styled import Line, Piece, Style, line


def _words(result: ExplainResult) -> Iterator[Line]:
    if result.title:
        yield line(Piece(result.title, Style.STRONG))
        yield line()
    if result.text:
        yield from (line(each) for each in result.text.rstrip("\n").split("\n"))
    else:
        yield from (line(code) for code in result.codes)


SHOWING: Showing[ExplainResult] = Showing(
    words=_words,
    rows=lambda result: (),
    members=lambda result: {"title": result.title, "text": result.text, "codes": list(result.codes)},
)


@click.command("explain", cls=Verb)
@click.argument("code", metavar="[CODE]", default="")
@click.pass_context
def explain(context: click.Context, /, code: str) -> int:
    """The long text of an error.

    The code stands in brackets where the error is told: `error[unknown-verb]`.

    \b
    runner explain                    every code there is
    runner explain unknown-verb
    """
    return conducted(context, operation, ExplainRequest(code=code), SHOWING)
