"""`runner affected`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TypedDict, Unpack

import click

from runner.cli.grammar import Verb
from runner.cli.looking import looked
from runner.cli.settings import choice
from runner.cli.showing import JsonRow, Showing
from runner.decisions.job_matrix import Waves, github_matrix, gitlab_pipeline
from runner.model.references import Json
from runner.operations.affected import AffectedRequest, AffectedResult, affected_by
from runner.report.affected_text import affected_lines

MATRICES: dict[str, Callable[[Waves], Json]] = {"github": github_matrix, "gitlab": gitlab_pipeline}


class AffectedOptions(TypedDict):
    """As click hands them over."""

    range: str
    because: bool
    matrix: str | None


def _rows(result: AffectedResult) -> Iterator[JsonRow]:
    for row in result.rows:
        members: dict[str, Json] = {
            "target": str(row.target),
            "reason": str(row.reason),
            "because": list(row.because),
        }
        yield "affected", {**members, **({"hint": row.hint} if row.hint else {})}


def _showing(given: AffectedOptions) -> Showing[AffectedResult]:
    made = MATRICES.get(given["matrix"] or "")

    def members(result: AffectedResult) -> dict[str, Json]:
        found: dict[str, Json] = {
            "affected": len(result.rows),
            "of": result.of,
            "paths": result.paths,
            "head": result.head,
            "bases": list(result.bases),
        }
        return {**found, **({"matrix": made(result.waves)} if made else {})}

    return Showing(
        words=lambda result: affected_lines(result.rows, result.of, result.words, whole=given["because"]),
        rows=_rows,
        members=members,
        plainly=lambda result: json.dumps(made(result.waves)) + "\n" if made else None,
    )


@click.command("affected", cls=Verb)
@click.argument("range", metavar="[BASE..HEAD]", default="")
@choice("--because", is_flag=True, help="Every reason, not only the first.")
@choice("--matrix", type=click.Choice([*MATRICES]), help="The jobs of a CI system, by wave, at most 256.")
@click.pass_context
def affected(context: click.Context, /, **given: Unpack[AffectedOptions]) -> int:
    """What a change touches, each target with its because.

    Compares what every target reads at two commits: its code, modules, files, values and settings. Without a range:
    the work tree, uncommitted work included, with the place where it left the default branch.

    \b
    runner affected                         what is not on the default branch yet
    runner affected origin/main..topic      a branch, since it left origin/main
    runner affected HEAD~3                  one commit, with its first parent
    runner affected --matrix github         one job a target, wave by wave
    """
    request = AffectedRequest(range=given["range"], jobs=given["matrix"] is not None)
    return looked(context, affected_by, request, _showing(given))
