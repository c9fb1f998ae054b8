"""A command line that is wrong, as diagnostics: one sentence, and a way out that can be typed."""

from __future__ import annotations

from difflib import get_close_matches

import click

from runner.cli.grammar import NoSuchVerb
from runner.diagnostics import Diagnostic


def diagnosed(error: click.ClickException) -> Diagnostic:
    """What click found wrong, as one problem."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "runner"
    match error:
        case NoSuchVerb():
            suggested = [f"{path} {each}" for each in error.suggestions]
            return _of(
                "unknown-verb", error.format_message(), _did_you_mean(suggested) or f"see `{path} --help`"
            )
        case click.NoSuchOption():
            known = _options(context)
            close = get_close_matches(error.option_name, known, n=2, cutoff=0.6)
            words = f"`{path}` has no option `{error.option_name}`"
            return _of("unknown-option", words, _did_you_mean(close) or f"see `{path} --help`")
        case click.MissingParameter(param=click.Parameter() as parameter):
            return _of(
                "missing-argument", f"`{path}` needs {_named(parameter, context)}", f"see `{path} --help`"
            )
        case click.BadParameter(param=click.Parameter() as parameter):
            words = f"{_named(parameter, context)}: {_sentence(error.message)}"
            return _of("wrong-value", words, f"see `{path} --help`")
        case _:
            return _of("wrong-usage", _sentence(error.format_message()), f"see `{path} --help`")


def _of(code: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code=code, message=message, hint=hint)


def _did_you_mean(words: list[str]) -> str:
    return f"did you mean {' or '.join(f'`{word}`' for word in words)}?" if words else ""


def _options(context: click.Context | None) -> list[str]:
    if context is None:
        return []
    return [
        name for parameter in context.command.get_params(context) for name in parameter.opts if name[0] == "-"
    ]


def _named(parameter: click.Parameter, context: click.Context | None) -> str:
    if isinstance(parameter, click.Argument):
        return f"`{parameter.make_metavar(context or click.Context(click.Command('runner')))}`"
    return f"`{max(parameter.opts, key=len)}`"


def _sentence(message: str) -> str:
    text = message.rstrip(".").replace("'", "`").replace("a valid integer range", "a whole number")
    text = text.replace("a valid integer", "a whole number")
    return text[:1].lower() + text[1:]
