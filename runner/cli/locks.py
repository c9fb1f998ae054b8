"""`runner locks`, `runner unlock` and `runner cancel`."""

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
from runner.operations.cancel import CancelRequest, CancelResult
from runner.operations.cancel import cancel as cancelling
from runner.operations.locks import LocksRequest, LocksResult
from runner.operations.locks import locks as operation
from runner.operations.unlock import UnlockRequest, UnlockResult
from runner.operations.unlock import unlock as unlocking
from runner.report.listings import lease_table
from runner.report.safe_text import one_line
from runner.report.styled import Line, Piece, Style, line


def _standing(result: LocksResult) -> Iterator[Line]:
    yield from lease_table([held.lease for held in result.leases]) or [line("no lease is held")]
    for place, why in result.frozen:
        yield line(Piece(place, Style.NAME), " is ", Piece("frozen", Style.WARNING), f": {one_line(why)}")


def _leases(result: LocksResult) -> Iterator[JsonRow]:
    for held in result.leases:
        yield "lease", members_of(held.lease)
    for place, why in result.frozen:
        yield "freeze", {"place": place, "because": why}


LOCKS: Showing[LocksResult] = Showing(words=_standing, rows=_leases)


@click.command("locks", cls=Verb)
@choosing
@click.pass_context
def locks(context: click.Context, /, **given: Unpack[SelectionOptions]) -> int:
    """Who holds which lease, and what is frozen.

    \b
    runner locks
    runner locks prod --json
    """
    return conducted(context, operation, LocksRequest(selection=selection(given)), LOCKS)


def _words(result: UnlockResult) -> Iterator[Line]:
    if result.thawed:
        yield line(Piece("ended: ", Style.WARNING), "the freeze of that target")
        yield line(Piece("entry ", Style.FAINT), result.entry)
        return
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

    A holder that still lives is fenced: its later writes are refused. Where somebody froze that target, it ends the
    freeze instead.

    \b
    runner unlock prod/network --reason "the machine is gone"
    """
    request = UnlockRequest(target=target, reason=reason, yes=yes)
    showing = Showing(
        words=_words, rows=_rows, members=lambda result: {"entry": result.entry, "thawed": result.thawed}
    )
    return conducted(context, unlocking, request, showing, asks=True)


def _asked(result: CancelResult) -> Iterator[Line]:
    if not result.asked:
        yield line("nothing was changed: no lease of it is held")
    for lease, entry in zip(result.asked, result.entries, strict=True):
        yield line(
            Piece(str(lease.target), Style.NAME),
            f": run {lease.run} of {lease.holder} was asked to stop; it finds "
            f"that within {lease.term / 2:.0f} s",
        )
        yield line(Piece("entry ", Style.FAINT), entry)


CANCEL: Showing[CancelResult] = Showing(
    words=_asked,
    rows=lambda result: (("lease", members_of(lease)) for lease in result.asked),
    members=lambda result: {"entries": list(result.entries)},
)


@click.command("cancel", cls=Verb)
@choosing
@choice(
    "--reason", metavar="WHY", required=True, help="Why it is to stop; in the entry, and told to the run."
)
@click.pass_context
def cancel(context: click.Context, /, reason: str, **given: Unpack[SelectionOptions]) -> int:
    """Ask a run to stop, on the record.

    The run that holds the lease finds that when it renews it, finishes the resource that it is at, records it, and
    begins nothing more. The next run goes on where it stopped: `runner freeze` keeps it from that.

    \b
    runner cancel prod/network --reason "wrong commit"
    """
    request = CancelRequest(selection=selection(given), reason=reason)
    return conducted(context, cancelling, request, CANCEL, asks=True)
