"""`runner locks` and `runner unlock`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack

import click

from runner.cli.choosing import SelectionOptions, choosing, selection
from runner.cli.completing import complete_selector
from runner.cli.conducting_verbs import conducted, members_of
from runner.cli.grammar import Verb
from runner.cli.settings import choice
from runner.cli.showing import JsonRow, Showing
from runner.operations.locks import LocksRequest, LocksResult
from runner.operations.locks import locks as operation
from runner.operations.unlock import UnlockRequest, UnlockResult
from runner.operations.unlock import unlock as unlocking
from runner.report.listings import lease_table
from runner.report.styled import Line, Piece, Style, line

LOCKS: Showing[LocksResult] = Showing(
    words=lambda result: lease_table([held.lease for held in result.leases]) or [line("no lease is held")],
    rows=lambda result: (("lease", members_of(held.lease)) for held in result.leases),
)


@click.command("locks", cls=Verb)
@choosing
@click.pass_context
def locks(context: click.Context, /, **given: Unpack[SelectionOptions]) -> int:
    """Who holds which lease.

    \b
    runner locks
    runner locks prod --json
    """
    return conducted(context, operation, LocksRequest(selection=selection(given)), LOCKS)


def _words(result: UnlockResult) -> Iterator[Line]:
    if result.lease is None or not result.entry:
        yield line("nothing was changed" + ("" if result.lease else ": no lease was held"))
        return
    yield line(Piece("broken: ", Style.WARNING), f"the lease of {result.lease.holder} on {result.lease.host}")
    yield line(Piece("entry ", Style.FAINT), result.entry)


def _rows(result: UnlockResult) -> Iterator[JsonRow]:
    if result.lease:
        yield "lease", members_of(result.lease)


@click.command("unlock", cls=Verb)
@click.argument("target", metavar="TARGET", shell_complete=complete_selector)
@choice("--reason", metavar="WHY", required=True, help="Why it is broken; in the entry.")
@choice("--yes", "-y", is_flag=True, help="Without asking.")
@click.pass_context
def unlock(context: click.Context, /, target: str, reason: str, yes: bool) -> int:
    """Break a lease, on the record.

    A holder that still lives is fenced: its later writes are refused.

    \b
    runner unlock prod/network --reason "the machine is gone"
    """
    request = UnlockRequest(target=target, reason=reason, yes=yes)
    showing = Showing(words=_words, rows=_rows, members=lambda result: {"entry": result.entry})
    return conducted(context, unlocking, request, showing, asks=True)
