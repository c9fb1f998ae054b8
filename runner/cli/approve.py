"""`runner approve` and `runner reject`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from runner.cli.completing import complete_selector
from runner.cli.conducting_verbs import conducted
from runner.cli.grammar import Verb
from runner.cli.settings import choice
from runner.cli.showing import Showing
from runner.operations.approve import ApproveRequest, ApproveResult
from runner.operations.approve import approve as operation
from runner.report.styled import Line, Piece, Style, line


def _words(result: ApproveResult) -> Iterator[Line]:
    did = "rejected" if result.rejected else "approved"
    style = Style.WARNING if result.rejected else Style.GOOD
    yield line(Piece(f"{did}: ", style), f"{result.target}, by {result.person} on pull request {result.pull}")
    if result.link:
        yield line(Piece(result.link, Style.FAINT))


SHOWING: Showing[ApproveResult] = Showing(
    words=_words,
    rows=lambda _: (),
    members=lambda result: {
        "target": str(result.target),
        "person": result.person,
        "pull_request": result.pull,
        "rejected": result.rejected,
        "link": result.link,
    },
)


@click.command("approve", cls=Verb)
@click.argument("target", metavar="TARGET", shell_complete=complete_selector)
@click.argument("digest", metavar="DIGEST")
@click.pass_context
def approve(context: click.Context, /, target: str, digest: str) -> int:
    """Release a pending apply, by the digest of its plan.

    Your word is left on the merged pull request, with your own token, and counts where you may and the work is not
    yours; the next run of `runner ci` applies exactly that plan.

    \b
    runner approve prod/network c1:4f6a…
    """
    return conducted(context, operation, ApproveRequest(target=target, digest=digest), SHOWING)


@click.command("reject", cls=Verb)
@click.argument("target", metavar="TARGET", shell_complete=complete_selector)
@choice("--reason", metavar="WHY", default="", help="Why; for all who read the pull request.")
@click.pass_context
def reject(context: click.Context, /, target: str, reason: str) -> int:
    """Keep a pending apply from going on, until you approve it.

    \b
    runner reject prod/network --reason "not before the migration"
    """
    request = ApproveRequest(target=target, reject=True, reason=reason)
    return conducted(context, operation, request, SHOWING)
