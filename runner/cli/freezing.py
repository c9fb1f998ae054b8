"""`runner freeze` and `runner thaw`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from runner.cli.completing import complete_selector
from runner.cli.conducting_verbs import conducted
from runner.cli.grammar import Verb
from runner.cli.settings import choice
from runner.cli.showing import Showing
from runner.operations.freezing import FreezeRequest, FreezeResult
from runner.operations.freezing import freeze as operation
from runner.report.styled import Line, Piece, Style, line


def _words(result: FreezeResult) -> Iterator[Line]:
    state = Piece("frozen", Style.WARNING) if result.frozen else Piece("not frozen", Style.GOOD)
    yield line(Piece(result.target or result.environment, Style.NAME), " is ", state)
    if result.entry:
        yield line(Piece("entry ", Style.FAINT), result.entry)


SHOWING: Showing[FreezeResult] = Showing(
    words=_words,
    rows=lambda result: (),
    members=lambda result: {
        "environment": result.environment,
        "target": result.target or None,
        "frozen": result.frozen,
        "entry": result.entry,
    },
)


@click.command("freeze", cls=Verb)
@click.argument("place", metavar="ENVIRONMENT|TARGET", shell_complete=complete_selector)
@choice("--reason", metavar="WHY", required=True, help="Why; in the entry.")
@click.pass_context
def freeze(context: click.Context, /, place: str, reason: str) -> int:
    """Stop all applies of an environment or of one target, on the record.

    \b
    runner freeze prod --reason "incident 42"
    runner freeze prod/network --reason "a migration is under way"
    """
    request = FreezeRequest(place=place, reason=reason)
    return conducted(context, operation, request, SHOWING, asks=True)


@click.command("thaw", cls=Verb)
@click.argument("place", metavar="ENVIRONMENT|TARGET", shell_complete=complete_selector)
@choice("--reason", metavar="WHY", default="", help="Why; in the entry.")
@click.pass_context
def thaw(context: click.Context, /, place: str, reason: str) -> int:
    """End a freeze, on the record.

    Of an environment: those of its single targets too.

    \b
    runner thaw prod --reason "incident 42 is over"
    """
    request = FreezeRequest(place=place, reason=reason, thaw=True)
    return conducted(context, operation, request, SHOWING, asks=True)
