"""What is said of what was raised: a person's mistake in one sentence each, our own bug with its traceback."""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Sequence

import click

from runner import __version__
from runner.cli.settings import Settings
from runner.cli.usage import diagnosed
from runner.cli.verbs import VERBS
from runner.cli.voice import Voice
from runner.diagnostics import Diagnostic
from runner.errors import RunnerError
from runner.model.references import Json
from runner.operations.disk_trouble import told_of
from runner.report.diagnostics_text import diagnostic_lines
from runner.report.json_objects import diagnostic_objects, json_line
from runner.report.safe_text import terminal
from runner.report.styled import line

REPORT_TO = "https://github.com/gitops-runner/gitops-runner/issues"


def told(error: BaseException, settings: Settings, arguments: Sequence[str]) -> int:
    """Says what `error` means → the exit code."""
    voice = Voice(settings)
    match error:
        case BrokenPipeError():
            return 0
        case click.exceptions.UsageError() if type(error).__name__ == "NoArgsIsHelpError":
            voice.trouble([line(each) for each in error.format_message().split("\n")])
            return 2
        case click.Abort() | KeyboardInterrupt():
            words = "interrupted; what was left is on the record"
            return _said(voice, settings, arguments, (Diagnostic(code="interrupted", message=words),), 130)
        case click.ClickException():
            return _said(voice, settings, arguments, (diagnosed(error),), 2)
        case RunnerError():
            return _said(voice, settings, arguments, error.diagnostics, error.exit_code)
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG):
            full = told_of(error)
            return _said(voice, settings, arguments, full.diagnostics, full.exit_code)
        case _:
            trace = "".join(traceback.format_exception(error))
            voice.trouble([line(each) for each in terminal(trace).rstrip("\n").split("\n")])
            bug = Diagnostic(
                code="bug",
                message=f"this is a bug of runner {__version__}, not a mistake of yours",
                hint=f"please report it with the lines above: {REPORT_TO}",
            )
            return _said(voice, settings, arguments, (bug,), 1)


def _said(
    voice: Voice, settings: Settings, arguments: Sequence[str], diagnostics: Sequence[Diagnostic], code: int
) -> int:
    # A command line that could not be read to its end may not have come to `--json` yet.
    if settings.json or "--json" in arguments or os.environ.get("GITOPS_RUNNER_JSON"):
        verb = next((word for word in arguments if word in VERBS), "")
        members: dict[str, Json] = {
            "verb": verb,
            "exit_code": code,
            "diagnostics": diagnostic_objects(diagnostics),
            "next": [],
        }
        voice.text(json_line("result", members))
    else:
        voice.trouble(diagnostic_lines(diagnostics))
    return code
