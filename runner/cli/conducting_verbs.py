"""From a request to an exit code: lay the bench, run the operation, show its result in words or as JSON."""

from __future__ import annotations

import os
from collections.abc import Callable

import click

from runner.cli.asking import asker, can_ask
from runner.cli.interruption import Interruption
from runner.cli.presenting import presenter
from runner.cli.settings import settings_of
from runner.cli.showing import Request, Result, Showing, told, working_directory
from runner.cli.voice import Voice
from runner.kit.stop import Stop
from runner.model.references import Json
from runner.operations.bench import Bench
from runner.report.json_lines import as_json, happening_line
from runner.wiring.benches import open_bench


def members_of(record: object) -> dict[str, Json]:
    """A record's members as JSON."""
    members = as_json(record)
    assert isinstance(members, dict)
    return members


def conducted(
    context: click.Context,
    operation: Callable[[Request, Bench], Result],
    request: Request,
    showing: Showing[Result],
    *,
    asks: bool = False,
) -> int:
    """Runs one verb → its exit code. `asks`: it changes something, so a person may be asked, and signals end it
    gracefully."""
    settings = settings_of(context)
    directory = working_directory(settings)
    voice, stop = Voice(settings), Stop()
    shown, interruption = presenter(settings, voice), Interruption(stop)
    with interruption.listening():
        try:
            bench = open_bench(
                directory,
                tell=shown.tell,
                ask=asker(voice, shown, interruption) if asks and can_ask(settings) else None,
                stop=stop,
                variables=dict(os.environ),
                changes=asks,
            )
            result = operation(request, bench)
        finally:
            shown.end()
    ended = happening_line(shown.finished) if shown.finished else None
    return told(context, voice, result, showing, ended=ended)
