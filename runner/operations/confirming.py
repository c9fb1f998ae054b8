"""Asking before something is changed that nobody has seen a plan of."""

from __future__ import annotations

from runner.errors import AskedWrongly
from runner.operations.bench import Bench, Question


def refuse_unasked(bench: Bench, hint: str, *, yes: bool) -> None:
    """AskedWrongly `nobody-to-ask` where there is neither a person nor `--yes`."""
    if bench.ask is None and not yes:
        raise AskedWrongly.of("nobody-to-ask", "there is no terminal to ask on", hint=hint)


def confirmed(
    bench: Bench, question: Question, *, yes: bool, hint: str = "`--yes` goes on without asking"
) -> bool:
    """Whether it may go on. AskedWrongly as `refuse_unasked`."""
    refuse_unasked(bench, hint, yes=yes)
    return yes or (bench.ask is not None and bench.ask(question))


def asked(verb: str, environment: str, text: str) -> Question:
    """The question of a verb that has no plans to show."""
    environments = (environment,) if environment else ()
    return Question(verb=verb, environments=environments, plans=(), expected="yes", text=text)
