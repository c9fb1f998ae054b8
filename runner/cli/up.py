"""`runner up`, also `apply`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Unpack

import click

from runner.cli.choosing import SelectionOptions, choosing, jobs_option, selection
from runner.cli.conducting_verbs import conducted, members_of
from runner.cli.grammar import Verb
from runner.cli.settings import choice
from runner.cli.showing import JsonRow, Showing
from runner.operations.up import UpRequest, UpResult
from runner.operations.up import up as operation
from runner.report.json_objects import diagnostic_object
from runner.report.styled import Line
from runner.report.summary import live_lines_of, outcome_lines


class UpOptions(SelectionOptions):
    """As click hands them over."""

    yes: bool
    jobs: int
    behind: bool
    no_refresh: bool
    target: tuple[str, ...]
    replace: tuple[str, ...]
    allow_dirty: bool
    off_branch: bool
    change_engine: bool
    break_glass: str
    emergency: str


def _words(result: UpResult) -> Iterable[Line]:
    return [*outcome_lines(result.outcomes), *live_lines_of(result.live, result.orphans)]


def rows(result: UpResult) -> Iterator[JsonRow]:
    """What is live, what is orphaned, and what there is to note; the end of the run comes after them."""
    for row in result.live:
        yield "status", members_of(row)
    for name in result.orphans:
        yield "orphan", {"target": str(name)}
    for note in result.notes:
        yield "noted", {"diagnostic": diagnostic_object(note), "target": None}


SHOWING = Showing(words=_words, rows=rows)


@click.command("up", cls=Verb)
@choosing
@choice("--yes", "-y", is_flag=True, help="Apply without asking; in the entry.")
@jobs_option
@choice("--behind", is_flag=True, help="Only what is not live as wished, and what reads of it.")
@choice("--no-refresh", is_flag=True, help="Believe the state; do not look at the cloud while planning.")
@choice(
    "--target",
    metavar="ADDRESS",
    multiple=True,
    help="Only this resource and what it needs; recorded as partial.",
)
@choice("--replace", metavar="ADDRESS", multiple=True, help="Replace this resource.")
@choice(
    "--change-engine", is_flag=True, help="Let another engine, or a newer minor of it, take the target over."
)
@choice(
    "--allow-dirty", is_flag=True, help="Apply what is not committed, as a commit of its own; in the entry."
)
@choice(
    "--off-branch", is_flag=True, help="Apply a commit that is not on the environment's branch; in the entry."
)
@choice("--break-glass", metavar="REASON", default="", help="Go past closed gates, if you may; in the entry.")
@choice(
    "--emergency", metavar="REASON", default="", help="Go past windows and freezes, if you may; in the entry."
)
@click.pass_context
def up(context: click.Context, /, **given: Unpack[UpOptions]) -> int:
    """Preview, ask, apply in order, and record it in Git.

    Applies the commit that is checked out to the targets that SELECTOR names: `dev`, `dev/network`, `stacks/network`.
    Without a terminal, and without --yes, it refuses.

    \b
    runner up dev                     all of the environment `dev`
    runner up dev/network --yes       one target, without asking
    runner up prod --behind           only what is behind its branch
    runner up dev --with-dependents --stack network
    """
    request = UpRequest(
        selection=selection(given),
        yes=given["yes"],
        jobs=given["jobs"],
        behind=given["behind"],
        no_refresh=given["no_refresh"],
        targets=given["target"],
        replace=given["replace"],
        allow_dirty=given["allow_dirty"],
        off_branch=given["off_branch"],
        change_engine=given["change_engine"],
        break_glass=given["break_glass"],
        emergency=given["emergency"],
    )
    return conducted(context, operation, request, SHOWING, asks=True)
