"""`runner preview`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Unpack

import click

from runner.cli.choosing import SelectionOptions, choosing, jobs_option, selection
from runner.cli.conducting_verbs import conducted
from runner.cli.grammar import Verb
from runner.cli.settings import choice
from runner.cli.showing import JsonRow, Showing
from runner.operations.preview import PreviewRequest, PreviewResult
from runner.operations.preview import preview as operation
from runner.report.json_objects import diagnostic_object
from runner.report.styled import Line
from runner.report.summary import preview_lines


class PreviewOptions(SelectionOptions):
    """As click hands them over."""

    jobs: int
    save: bool
    fresh: bool
    no_refresh: bool
    exit_code: bool
    target: tuple[str, ...]
    replace: tuple[str, ...]


def _words(result: PreviewResult) -> Iterable[Line]:
    return preview_lines(result.plans, result.outcomes)


def _rows(result: PreviewResult) -> Iterator[JsonRow]:
    for note in result.notes:
        yield "noted", {"diagnostic": diagnostic_object(note), "target": None}
    for row in result.code:
        yield "code_judged", row


@click.command("preview", cls=Verb)
@choosing
@jobs_option
@choice("--save", is_flag=True, help="Keep the plans in the engine's own words, for `runner show DIGEST`.")
@choice("--fresh", is_flag=True, help="Plan anew also what this clone has planned already.")
@choice("--no-refresh", is_flag=True, help="Believe the state; do not look at the cloud.")
@choice("--exit-code", is_flag=True, help="Exit 10 when something would change.")
@choice("--target", metavar="ADDRESS", multiple=True, help="Only this resource and what it needs.")
@choice("--replace", metavar="ADDRESS", multiple=True, help="As if this resource were to be replaced.")
@click.pass_context
def preview(context: click.Context, /, **given: Unpack[PreviewOptions]) -> int:
    """Show what `up` would change, and change nothing.

    Plans the work tree as it is. It takes no lease and writes nothing outside the clone.

    \b
    runner preview dev                all of the environment `dev`
    runner preview prod/app -v        one target, with all attributes
    runner preview dev --exit-code    10 when something would change
    """
    request = PreviewRequest(
        selection=selection(given),
        jobs=given["jobs"],
        save=given["save"],
        fresh=given["fresh"],
        no_refresh=given["no_refresh"],
        exit_code=given["exit_code"],
        targets=given["target"],
        replace=given["replace"],
    )
    return conducted(context, operation, request, Showing(words=_words, rows=_rows))
