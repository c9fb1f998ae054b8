"""`runner logs`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from runner.cli.completing import complete_selector
from runner.cli.conducting_verbs import conducted, members_of
from runner.cli.grammar import Verb
from runner.cli.showing import JsonRow, Showing
from runner.operations.logs import LogsRequest, LogsResult
from runner.operations.logs import logs as operation
from runner.report.listings import run_table
from runner.report.styled import Line, Piece, Style, line


def _words(result: LogsResult) -> Iterator[Line]:
    yield from run_table(result.runs)
    for target, text in result.text.items():
        yield line(Piece(f"=== {target}", Style.NAME))
        yield from (line(each) for each in text.rstrip("\n").split("\n"))
    for target, made_by in result.shown.items():
        yield line(Piece(f"=== {target}", Style.NAME))
        yield line(
            f"no engine was started for it: the plan that was shown is the one that run {made_by} made"
        )
    if not (result.runs or result.text or result.shown):
        yield line("this clone has no logs of runs")


def _rows(result: LogsResult) -> Iterator[JsonRow]:
    for run in result.runs:
        yield "run", members_of(run)
    for target, text in result.text.items():
        yield "log", {"target": target, "text": text}
    for target, made_by in result.shown.items():
        yield "shown", {"target": target, "run": made_by}


@click.command("logs", cls=Verb)
@click.argument("run", metavar="[RUN]", default="")
@click.argument("target", metavar="[TARGET]", default="", shell_complete=complete_selector)
@click.pass_context
def logs(context: click.Context, /, run: str, target: str) -> int:
    """What the engines said in a run, in full.

    \b
    runner logs                       the runs that this clone remembers
    runner logs RUN                   all that was said in one
    runner logs RUN dev/network       about one target
    """
    return conducted(
        context, operation, LogsRequest(run=run, target=target), Showing(words=_words, rows=_rows)
    )
