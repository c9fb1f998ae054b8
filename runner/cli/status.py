"""`runner status`."""

from __future__ import annotations

from typing import Unpack

import click

from runner.cli.choosing import SelectionOptions, choosing, selection
from runner.cli.conducting_verbs import conducted, members_of
from runner.cli.grammar import Verb
from runner.cli.showing import Showing
from runner.operations.status import StatusRequest, StatusResult
from runner.operations.status import status as operation
from runner.report.listings import standings
from runner.report.styled import line

SHOWING: Showing[StatusResult] = Showing(
    words=lambda result: standings(result.rows) or [line("there are no targets here; `runner init` begins")],
    rows=lambda result: (("status", members_of(row)) for row in result.rows),
)


@click.command("status", cls=Verb)
@choosing
@click.pass_context
def status(context: click.Context, /, **given: Unpack[SelectionOptions]) -> int:
    """Where every target stands.

    Compares the checked-out commit with the record: live, behind, never applied, failed, held, orphan, unknown; and
    pending, with what it waits for.

    \b
    runner status                     every target
    runner status prod                those of one environment
    runner status --json              one object a target
    """
    return conducted(context, operation, StatusRequest(selection=selection(given)), SHOWING)
