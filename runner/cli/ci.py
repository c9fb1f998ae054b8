"""`runner ci`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypedDict, Unpack

import click

from runner.cli.conducting_verbs import conducted
from runner.cli.grammar import Verb
from runner.cli.settings import choice
from runner.cli.showing import JsonRow, Showing
from runner.decisions.intent import Stage
from runner.operations.ci import CiRequest, CiResult
from runner.operations.ci import ci as operation
from runner.operations.preview_artifact import FILE
from runner.report.ci_text import ci_lines
from runner.report.styled import Line


class CiOptions(TypedDict):
    """As click hands them over."""

    stage: str | None
    artifact: Path
    document: Path | None


def _words(result: CiResult) -> Iterable[Line]:
    waiting = result.caught.pending if result.caught else ()
    return ci_lines(result.event, result.did, result.preview, waiting)


def _rows(result: CiResult) -> Iterator[JsonRow]:
    for each in result.preview.targets if result.preview else ():
        yield (
            "target_previewed",
            {
                "target": str(each.target),
                "outcome": str(each.outcome),
                "digest": each.plan.digest if each.plan else "",
                "because": each.because,
                "affected": list(each.affected),
            },
        )
    for waiting in result.caught.pending if result.caught else ():
        yield (
            "apply_pending",
            {"target": str(waiting.target), "digest": waiting.digest, "waits": list(waiting.waits)},
        )


@click.command("ci", cls=Verb)
@choice(
    "--stage",
    type=click.Choice([each.value for each in Stage if each is not Stage.ALL]),
    help="Only what this job may do; without it all is done in one job.",
)
@choice(
    "--artifact",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    default=FILE,
    show_default=True,
    help="What `plan` hands to `publish`.",
)
@choice(
    "--document",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where `publish` writes the whole preview, which this job then keeps. A plan that fits no comment and is kept "
    "nowhere cannot be approved.",
)
@click.pass_context
def ci(context: click.Context, /, **given: Unpack[CiOptions]) -> int:
    """In CI: preview a pull request, apply a merge, or say why nothing.

    It hears the event that its job runs for. A pull request is told what its merge would change; a merge is applied as
    it was approved. The event only says where to look: what opens a gate is asked of the forge.

    \b
    runner ci --stage plan       runs the engines; has no token, and no identity that may change anything
    runner ci --stage publish    has the token; runs no engine
    runner ci --stage apply      has the identity that applies
    """
    request = CiRequest(
        stage=Stage(given["stage"] or Stage.ALL), artifact=given["artifact"], document=given["document"]
    )
    showing = Showing(
        words=_words,
        rows=_rows,
        members=lambda result: {"event": result.event, "did": result.did},
    )
    return conducted(context, operation, request, showing, asks=True)
