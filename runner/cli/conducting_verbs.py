"""From a request to an exit code: lay the bench, run the operation, show its result in words or as JSON."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import click

from runner.cli.asking import asker, can_ask
from runner.cli.interruption import Interruption
from runner.cli.presenting import presenter
from runner.cli.settings import settings_of
from runner.cli.voice import Voice
from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly
from runner.kit.stop import Stop
from runner.model.references import Json
from runner.operations.bench import Bench
from runner.report.diagnostics_text import diagnostic_lines
from runner.report.json_lines import as_json, diagnostic_objects, happening_line, json_line
from runner.report.styled import Line
from runner.report.summary import next_lines
from runner.wiring.benches import open_bench


class Outcome(Protocol):
    """What every operation's result has."""

    @property
    def exit_code(self) -> int: ...
    @property
    def notes(self) -> tuple[Diagnostic, ...]: ...
    @property
    def next(self) -> tuple[str, ...]: ...


Request = TypeVar("Request")
Result = TypeVar("Result", bound=Outcome)
JsonRow = tuple[str, Mapping[str, Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing(Generic[Result]):
    """How a result is shown: `words` on stdout; or, as JSON, `rows` (type and members), then one `result` object with
    `members`. `plainly` replaces the words where the answer is no prose: text or bytes, untouched."""

    words: Callable[[Result], Iterable[Line]]
    rows: Callable[[Result], Iterable[JsonRow]]
    members: Callable[[Result], Mapping[str, Json]] = lambda _: {}
    plainly: Callable[[Result], str | bytes | None] = lambda _: None


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
    directory = Path(settings.directory)
    if not directory.is_dir():
        words = f"`-C {directory}` is no directory"
        raise AskedWrongly(Diagnostic(code="no-such-directory", message=words, hint="name one that exists"))
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
            )
            result = operation(request, bench)
        finally:
            shown.end()
    if settings.json:
        voice.text("".join(json_line(kind, members) for kind, members in showing.rows(result)))
        if shown.finished:
            voice.text(happening_line(shown.finished))
        else:
            voice.text(_result_line(context, result, showing))
    else:
        _tell_words(voice, result, showing)
    return _code(voice, result.exit_code)


def _tell_words(voice: Voice, result: Result, showing: Showing[Result]) -> None:
    voice.trouble(diagnostic_lines(result.notes))
    match showing.plainly(result):
        case bytes() as content:
            voice.content(content)
        case str() as text:
            voice.text(text)
        case None:
            voice.answer(showing.words(result))
    voice.progress(next_lines(result.next))


def _result_line(context: click.Context, result: Result, showing: Showing[Result]) -> str:
    return json_line(
        "result",
        {
            "verb": context.command_path.removeprefix("runner "),
            "exit_code": result.exit_code,
            **showing.members(result),
            "diagnostics": diagnostic_objects(result.notes),
            "next": list(result.next),
        },
    )


def _code(voice: Voice, code: int) -> int:
    if voice.failure is None:
        return code
    words = f"the answer could not be written to stdout: {voice.failure.strerror}"
    hint = "what was done stands; `runner log` shows it"
    voice.trouble(diagnostic_lines([Diagnostic(code="answer-not-written", message=words, hint=hint)]))
    return code or 1
