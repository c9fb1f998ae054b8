"""`runner destroy`."""

from __future__ import annotations

from typing import Unpack

import click

from runner.cli.choosing import SelectionOptions, choosing, jobs_option, selection
from runner.cli.conducting_verbs import conducted
from runner.cli.grammar import Verb
from runner.cli.settings import choice
from runner.cli.up import SHOWING
from runner.operations.destroy import DestroyRequest
from runner.operations.destroy import destroy as operation


class DestroyOptions(SelectionOptions):
    """As click hands them over."""

    yes: bool
    jobs: int
    allow_dirty: bool
    off_branch: bool


@click.command("destroy", cls=Verb)
@choosing
@choice("--yes", "-y", is_flag=True, help="Destroy without asking; in the entry.")
@jobs_option
@choice("--allow-dirty", is_flag=True, help="Destroy with code that is not committed; in the entry.")
@choice(
    "--off-branch",
    is_flag=True,
    help="Destroy from a commit that is not on the branch; in the entry.",
)
@click.pass_context
def destroy(context: click.Context, /, **given: Unpack[DestroyOptions]) -> int:
    """Destroy targets in reverse order, and hold them.

    Asks for the environment's name. A held target stays away until an `up` names it.

    \b
    runner destroy dev                all of the environment `dev`
    runner destroy dev/app            one target
    """
    request = DestroyRequest(
        selection=selection(given),
        yes=given["yes"],
        jobs=given["jobs"],
        allow_dirty=given["allow_dirty"],
        off_branch=given["off_branch"],
    )
    return conducted(context, operation, request, SHOWING, asks=True)
