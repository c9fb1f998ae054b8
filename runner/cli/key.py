"""`runner key`: the words below it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from runner.cli.completing import complete_environment
from runner.cli.conducting_verbs import conducted
from runner.cli.grammar import Verb, VerbGroup
from runner.cli.settings import choice
from runner.cli.showing import Showing
from runner.operations.key import KeyRequest, KeyResult
from runner.operations.key import key as operation
from runner.report.styled import Line, Piece, Style, line


def _words(result: KeyResult) -> Iterator[Line]:
    yield from (line(each) for each in result.text.rstrip("\n").split("\n"))
    if result.key_id:
        yield line(Piece("key ", Style.FAINT), result.key_id)
    if result.path:
        yield line(Piece("in ", Style.FAINT), str(result.path))


SHOWING: Showing[KeyResult] = Showing(
    words=_words,
    rows=lambda result: (),
    members=lambda result: {"text": result.text, "key_id": result.key_id, "path": str(result.path or "")},
)
EXPORT: Showing[KeyResult] = Showing(
    words=_words,
    rows=SHOWING.rows,
    members=SHOWING.members,
    plainly=lambda result: result.text.rstrip("\n") + "\n",
)
ENVIRONMENT = click.argument("environment", shell_complete=complete_environment)
YES = choice("--yes", "-y", is_flag=True, help="Without asking.")


@click.group("key", cls=VerbGroup)
def key() -> None:
    """Make, export, rotate or retire an environment's key.

    It encrypts states and plans, and seals the values in entries. Who has it reads them; without it nobody does.
    """


@key.command("new", cls=Verb)
@ENVIRONMENT
@click.pass_context
def new(context: click.Context, /, environment: str) -> int:
    """Make a key, in the Git directory, where only you can read it."""
    return conducted(context, operation, KeyRequest(action="new", environment=environment), SHOWING)


@key.command("export", cls=Verb)
@ENVIRONMENT
@choice("--id", "id", metavar="KEY_ID", default="", help="An older key, not the newest.")
@YES
@click.pass_context
def export(context: click.Context, /, environment: str, id: str, yes: bool) -> int:
    """The key in plain on stdout, for a backup or for CI's secrets.

    \b
    runner key export prod > /media/safe/prod.key
    """
    request = KeyRequest(action="export", environment=environment, id=id, yes=yes)
    return conducted(context, operation, request, EXPORT, asks=True)


@key.command("rotate", cls=Verb)
@ENVIRONMENT
@YES
@click.pass_context
def rotate(context: click.Context, /, environment: str, yes: bool) -> int:
    """Take a new key from now on; the old one stays readable."""
    request = KeyRequest(action="rotate", environment=environment, yes=yes)
    return conducted(context, operation, request, SHOWING, asks=True)


@key.command("retire", cls=Verb)
@ENVIRONMENT
@click.argument("id", metavar="KEY_ID")
@YES
@click.pass_context
def retire(context: click.Context, /, environment: str, id: str, yes: bool) -> int:
    """Forget an old key, when nothing needs it any more."""
    request = KeyRequest(action="retire", environment=environment, id=id, yes=yes)
    return conducted(context, operation, request, SHOWING, asks=True)
