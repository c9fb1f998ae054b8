"""`runner state`: the words below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from runner.cli.completing import complete_selector
from runner.cli.conducting_verbs import conducted
from runner.cli.grammar import Verb, VerbGroup
from runner.cli.settings import choice, settings_of
from runner.cli.showing import Showing
from runner.model.references import Json
from runner.operations.state import StateRequest, StateResult
from runner.operations.state import state as operation
from runner.report.styled import Line, Piece, Style, line, table
from runner.report.value_text import written


def _words(result: StateResult) -> Iterator[Line]:
    headings = list(dict.fromkeys(name for row in result.rows for name in row))
    if result.rows:
        yield from table(headings, [[_cell(row, name) for name in headings] for row in result.rows])
    if result.text:
        yield from (line(each) for each in result.text.rstrip("\n").split("\n"))
    if result.entry:
        yield line(Piece("entry ", Style.FAINT), result.entry)


def _cell(row: Mapping[str, Json], name: str) -> Piece:
    value = row.get(name)
    return Piece("" if value is None else value if isinstance(value, str) else written(value).text)


def _members(row: Mapping[str, Json]) -> Mapping[str, Json]:
    """The row of a resource without a `type`, which says what the JSON object is."""
    return {"resource_type" if name == "type" else name: value for name, value in row.items()}


SHOWING: Showing[StateResult] = Showing(
    words=_words,
    rows=lambda result: (("row", _members(row)) for row in result.rows),
    members=lambda result: {
        "text": result.text,
        "entry": result.entry,
        "content": result.bytes_out.decode(errors="replace") if result.bytes_out else None,
    },
    plainly=lambda result: result.bytes_out or None,
)


def _placed(context: click.Context, file: str) -> str:
    """A path as it was meant: `-C DIR` works as if started in DIR."""
    return str((Path(settings_of(context).directory) / file).absolute())


TARGET = click.argument("target", metavar="TARGET", shell_complete=complete_selector)
YES = choice("--yes", "-y", is_flag=True, help="Without asking.")


@click.group("state", cls=VerbGroup)
def state() -> None:
    """Read, write, restore, recover or move a target's state.

    Each takes the target's lease where it writes, and what it changes is an entry of the record.
    """


@state.command("pull", cls=Verb)
@TARGET
@choice(
    "--output", "-o", metavar="FILE", default="", help="Into a file that only you can read, not to stdout."
)
@choice(
    "--version",
    "version",
    type=click.IntRange(min=1),
    default=None,
    help="An older one, by its number.",
)
@click.pass_context
def pull(context: click.Context, /, target: str, output: str, version: int | None) -> int:
    """The decrypted state on stdout. It holds secrets in plain.

    \b
    runner state pull dev/network -o network.tfstate
    """
    request = StateRequest(
        action="pull", target=target, file=_placed(context, output) if output else "", version=version or 0
    )
    return conducted(context, operation, request, SHOWING)


@state.command("push", cls=Verb)
@TARGET
@click.argument(
    "file",
    metavar="FILE",
)
@YES
@choice("--force", is_flag=True, help="Also another lineage, or an older serial.")
@click.pass_context
def push(context: click.Context, /, target: str, file: str, yes: bool, force: bool) -> int:
    """Put a file in the place of a target's state.

    \b
    runner state push dev/network network.tfstate
    """
    request = StateRequest(action="push", target=target, file=_placed(context, file), yes=yes, force=force)
    return conducted(context, operation, request, SHOWING, asks=True)


@state.command("list", cls=Verb)
@TARGET
@click.pass_context
def listed(context: click.Context, /, target: str) -> int:
    """The resources in a target's state."""
    return conducted(context, operation, StateRequest(action="list", target=target), SHOWING)


@state.command("versions", cls=Verb)
@TARGET
@click.pass_context
def versions(context: click.Context, /, target: str) -> int:
    """The versions of a target's state that are kept."""
    return conducted(context, operation, StateRequest(action="versions", target=target), SHOWING)


@state.command("restore", cls=Verb)
@TARGET
@click.argument("version", metavar="VERSION", type=click.IntRange(min=1))
@YES
@click.pass_context
def restore(context: click.Context, /, target: str, version: int, yes: bool) -> int:
    """Make an older version the newest one.

    The cloud is not touched: the next preview shows what the older state does not know.
    """
    request = StateRequest(action="restore", target=target, version=version, yes=yes)
    return conducted(context, operation, request, SHOWING, asks=True)


@state.command("recover", cls=Verb)
@TARGET
@YES
@choice(
    "--force",
    is_flag=True,
    help="Take the state that a run left in this clone, although the record has gone on since.",
)
@click.pass_context
def recover(context: click.Context, /, target: str, yes: bool, force: bool) -> int:
    """Put on the record what an interrupted apply left behind.

    Shows what is known of each resource whose outcome nobody saw, and proposes the imports.
    """
    request = StateRequest(action="recover", target=target, yes=yes, force=force)
    return conducted(context, operation, request, SHOWING, asks=True)


@state.command("migrate", cls=Verb)
@TARGET
@choice(
    "--to",
    "to",
    metavar="BACKEND",
    default="",
    help="git, s3, local or as-written; else what is configured.",
)
@YES
@click.pass_context
def migrate(context: click.Context, /, target: str, to: str, yes: bool) -> int:
    """Move a target's state to another backend, with its lineage and serial.

    \b
    runner state migrate dev/network --to git
    """
    request = StateRequest(action="migrate", target=target, to=to, yes=yes)
    return conducted(context, operation, request, SHOWING, asks=True)
