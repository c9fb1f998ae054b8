"""`runner show`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from runner.cli.completing import complete_selector
from runner.cli.conducting_verbs import conducted, members_of
from runner.cli.grammar import Verb
from runner.cli.settings import choice
from runner.cli.showing import JsonRow, Showing
from runner.operations.show import ShowRequest, ShowResult
from runner.operations.show import show as operation
from runner.report.listings import entry_lines, resource_table
from runner.report.styled import Line, line


def _words(result: ShowResult) -> Iterator[Line]:
    if result.entry:
        yield from entry_lines(result.entry)
    if result.resources:
        yield line()
        yield from resource_table(result.resources)
    if result.text:
        yield from (line(each) for each in result.text.rstrip("\n").split("\n"))


def _rows(result: ShowResult) -> Iterator[JsonRow]:
    if result.entry:
        yield "entry", members_of(result.entry)
    for resource in result.resources:
        members = members_of(resource)
        kind = members.pop("type")
        yield "resource", {**members, "resource_type": kind}


@click.command("show", cls=Verb)
@click.argument("what", metavar="ENTRY|TARGET|DIGEST", shell_complete=complete_selector)
@choice("--raw", is_flag=True, help="In the engine's own words.")
@click.pass_context
def show(context: click.Context, /, what: str, raw: bool) -> int:
    """An entry, a target or a saved plan in full.

    \b
    runner show prod/network          what is live there
    runner show 4f2a91c               an entry, as `runner log` names it
    runner show c1:9b1d…              a plan, by its digest
    """
    showing = Showing(words=_words, rows=_rows, members=lambda result: {"text": result.text})
    return conducted(context, operation, ShowRequest(what=what, raw=raw), showing)
