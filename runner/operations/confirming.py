"""Asking before something is changed that nobody has seen a plan of."""

from __future__ import annotations

from runner.errors import AskedWrongly
from runner.operations.bench import Bench, Question


def confirmed(bench: Bench, question: Question, *, yes: bool) -> bool:
    """Whether it may go on. AskedWrongly `nobody-to-ask` where there is neither a person nor `--yes`."""
    if yes:
        return True
    if bench.ask is None:
        raise AskedWrongly.of(
            "nobody-to-ask",
            "there is no terminal to ask on",
            hint="`--yes` goes on without asking",
        )
    return bench.ask(question)


def asked(verb: str, environment: str, text: str) -> Question:
    """The question of a verb that has no plans to show."""
    environments = (environment,) if environment else ()
    return Question(verb=verb, environments=environments, plans=(), expected="yes", text=text)
