"""`runner init`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from runner.cli.conducting_verbs import conducted
from runner.cli.grammar import Verb
from runner.cli.settings import choice
from runner.cli.showing import JsonRow, Showing
from runner.operations.init import InitRequest, InitResult
from runner.operations.init import init as operation
from runner.report.pipelines import PLACES
from runner.report.styled import Line, Piece, Style, line


def _words(result: InitResult) -> Iterator[Line]:
    if result.proposal:
        yield from (line(each) for each in result.proposal.rstrip("\n").split("\n"))
    for path in result.files:
        sign = Piece("+ ", Style.GOOD) if result.written else Piece("? ", Style.FAINT)
        yield line(sign, Piece(path, Style.NAME))
    if not result.written:
        yield line("nothing was written")


def _rows(result: InitResult) -> Iterator[JsonRow]:
    for path, content in result.files.items():
        yield "file", {"path": path, "content": content, "written": result.written}


@click.command("init", cls=Verb)
@choice(
    "--from", "from_", metavar="LAYOUT", default="", help="Take over this layout, not the one that is found."
)
@choice(
    "--ci",
    metavar="FORGE",
    default="",
    help=f"Write the jobs that call `runner ci` too: {', '.join(PLACES)}.",
)
@choice(
    "--remote",
    metavar="NAME",
    default="",
    help="Where the record goes: a remote of this repository, or none.",
)
@choice("--yes", "-y", is_flag=True, help="Write without asking.")
@choice("--force", is_flag=True, help="Refused: files that are there are never replaced.")
@click.pass_context
def init(context: click.Context, /, from_: str, ci: str, remote: str, yes: bool, force: bool) -> int:
    """Start a repository, or take over one that is there.

    Looks for stacks and environments, and proposes the layout that it found before it writes anything.

    \b
    runner init
    runner init --remote origin --yes
    runner init --ci github
    """
    request = InitRequest(from_=from_, ci=ci, remote=remote, yes=yes, force=force)
    showing = Showing(
        words=_words,
        rows=_rows,
        members=lambda result: {"proposal": result.proposal, "written": result.written},
    )
    return conducted(context, operation, request, showing, asks=True)
