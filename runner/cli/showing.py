"""From a result to an exit code: its words on a terminal, or its objects as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import click
from msgspec import Struct

from runner.cli.settings import Settings, settings_of
from runner.cli.voice import Voice
from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly
from runner.model.references import Json
from runner.report.diagnostics_text import diagnostic_lines
from runner.report.json_objects import diagnostic_objects, json_line
from runner.report.next_steps import next_lines
from runner.report.styled import Line


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


class Showing(Struct, Generic[Result], frozen=True, kw_only=True):
    """How a result is shown: `words` on stdout; or, as JSON, `rows` (type and members), then one `result` object with
    `members`. `plainly` replaces the words where the answer is no prose: text or bytes, untouched."""

    words: Callable[[Result], Iterable[Line]]
    rows: Callable[[Result], Iterable[JsonRow]]
    members: Callable[[Result], Mapping[str, Json]] = lambda _: {}
    plainly: Callable[[Result], str | bytes | None] = lambda _: None


def working_directory(settings: Settings) -> Path:
    """Where the verb works. AskedWrongly `no-such-directory`."""
    directory = Path(settings.directory)
    if not directory.is_dir():
        words = f"`-C {directory}` is no directory"
        raise AskedWrongly(Diagnostic(code="no-such-directory", message=words, hint="name one that exists"))
    return directory


def told(
    context: click.Context,
    voice: Voice,
    result: Result,
    showing: Showing[Result],
    *,
    ended: str | None = None,
) -> int:
    """Shows `result` → the exit code. `ended`: the last line in the place of a `result` object, as JSON."""
    if settings_of(context).json:
        voice.text("".join(json_line(kind, members) for kind, members in showing.rows(result)))
        voice.text(_result_line(context, result, showing) if ended is None else ended)
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
