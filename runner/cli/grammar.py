"""Commands as this program has them: imported when typed, listed under headings, with a suggestion for a slip."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from runner.cli.settings import standing_options
from runner.cli.verbs import VERBS, Door

_EXITS = (
    ("0", "done, or nothing to do (and it says which)"),
    ("1", "a target failed; the others' results stand"),
    ("2", "asked wrongly, or the configuration cannot be believed"),
    ("3-10", "see `runner help exit-codes`"),
)


_AHEAD = "runner.wiring.head_start"


class NoSuchVerb(click.UsageError):
    """A word that is no verb; `suggestions` are those that look like it."""

    def __init__(self, word: str, suggestions: list[str], context: click.Context) -> None:
        super().__init__(f"there is no verb `{word}`", context)
        self.suggestions = suggestions


class Verb(click.Command):
    """A verb: one summary, then examples, its options, and those that every verb takes."""

    def __init__(self, name: str | None, **attributes: object) -> None:
        super().__init__(name, **attributes)  # type: ignore[arg-type]
        self.own = len(self.params)
        self.params += standing_options()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verb's own options first; `--help` and the standing ones last."""
        _sections(self, ctx, formatter, self.own)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What the exit codes mean."""
        with formatter.section("Exit codes"):
            formatter.write_dl(_EXITS)


class VerbGroup(click.Group):
    """A verb with words below it (`state pull`)."""

    command_class = Verb

    def __init__(self, name: str | None = None, **attributes: object) -> None:
        super().__init__(name, **attributes)  # type: ignore[arg-type]
        self.params += standing_options()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion for a word that is none of ours."""
        word = args[0]
        if self.get_command(ctx, word) is None and not word.startswith("-"):
            known = self.list_commands(ctx)
            raise NoSuchVerb(word, get_close_matches(word, known, n=3, cutoff=0.5), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The words below this one, each with the whole of its first sentence."""
        words = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        rows = [(name, command.get_short_help_str(limit=120)) for name, command in words.items() if command]
        with formatter.section("Verbs"):
            formatter.write_dl(rows)


class Program(VerbGroup):
    """The program itself: a literal table of verbs, each imported when it is typed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every verb that is not hidden, in the table's order."""
        return [name for name, door in VERBS.items() if not door.hidden]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the verb's door."""
        door = VERBS.get(cmd_name)
        if door is None:
            return None
        if door.believes and not ctx.resilient_parsing:
            importlib.import_module(_AHEAD).HEAD_START.begin(Path.cwd())
        module, _, attribute = door.place.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Verbs from the table, without importing one; then options."""
        verbs = [
            CompletionItem(name, help=door.summary)
            for name, door in VERBS.items()
            if name.startswith(incomplete) and not door.hidden
        ]
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table under its headings, without importing a verb."""
        for heading in dict.fromkeys(door.heading for door in VERBS.values()):
            with formatter.section(heading):
                formatter.write_dl([(name, door.summary) for name, door in _under(heading, VERBS).items()])


def _under(heading: str, doors: Mapping[str, Door]) -> dict[str, Door]:
    return {name: door for name, door in doors.items() if door.heading == heading and not door.hidden}


def _sections(
    command: click.Command, context: click.Context, formatter: click.HelpFormatter, own: int
) -> None:
    records = [(each, each.get_help_record(context)) for each in command.get_params(context)]
    mine = command.params[:own]
    for heading, wanted in (("Options", True), ("Options of every verb", False)):
        rows = [record for each, record in records if record and (each in mine) is wanted]
        if rows:
            with formatter.section(heading):
                formatter.write_dl(rows)
