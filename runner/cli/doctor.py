"""`runner doctor`."""

from __future__ import annotations

import click

from runner.cli.conducting_verbs import conducted, members_of
from runner.cli.grammar import Verb
from runner.cli.settings import choice
from runner.cli.showing import Showing
from runner.operations.doctor import DoctorRequest, DoctorResult
from runner.operations.doctor import doctor as operation
from runner.report.listings import finding_lines

SHOWING: Showing[DoctorResult] = Showing(
    words=lambda result: finding_lines(result.checks),
    rows=lambda result: (("check", members_of(check)) for check in result.checks),
)


@click.command("doctor", cls=Verb)
@choice(
    "--install",
    metavar="ENGINE",
    default="",
    help="Fetch an engine that is missing, as this version pins it: `pulumi`.",
)
@choice("--forge", is_flag=True, help="Ask the forge instead: what our token may, and what is guarded.")
@click.pass_context
def doctor(context: click.Context, /, install: str, forge: bool) -> int:
    """Check this machine and this repository, or the forge.

    \b
    runner doctor
    runner doctor --json
    runner doctor --forge
    runner doctor --install pulumi
    """
    return conducted(context, operation, DoctorRequest(install=install, forge=forge), SHOWING, asks=True)
