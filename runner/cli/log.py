"""`runner log`."""

from __future__ import annotations

from typing import Unpack

import click

from runner.cli.choosing import SelectionOptions, choosing, selection
from runner.cli.conducting_verbs import conducted, members_of
from runner.cli.grammar import Verb
from runner.cli.settings import choice
from runner.cli.showing import Showing
from runner.operations.log import LogRequest, LogResult
from runner.operations.log import log as operation
from runner.report.listings import entries
from runner.report.styled import line


class LogOptions(SelectionOptions):
    """As click hands them over."""

    limit: int


SHOWING: Showing[LogResult] = Showing(
    words=lambda result: entries(result.entries) or [line("nothing is on the record yet")],
    rows=lambda result: (("entry", members_of(entry)) for entry in result.entries),
)


@click.command("log", cls=Verb)
@choosing
@choice(
    "--limit",
    "-n",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="At most so many; 0: all.",
)
@click.pass_context
def log(context: click.Context, /, **given: Unpack[LogOptions]) -> int:
    """The record of applies, newest first.

    \b
    runner log                        the last 50 entries
    runner log prod/network -n 0      all of one target
    """
    request = LogRequest(selection=selection(given), limit=given["limit"])
    return conducted(context, operation, request, SHOWING)
