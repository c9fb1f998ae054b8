"""One question, on a terminal, answered by typing a word."""

from __future__ import annotations

import sys
from collections.abc import Callable

from runner.cli.interruption import Interruption
from runner.cli.presenting import Presenter
from runner.cli.settings import Settings
from runner.cli.voice import Voice
from runner.operations.bench import Question
from runner.report.styled import Piece, Style, line


def can_ask(settings: Settings) -> bool:
    """Whether there is somebody to ask: whoever reads stderr also types, and no program reads the answer."""
    return not settings.json and sys.stdin.isatty() and sys.stderr.isatty()


def asker(voice: Voice, presenter: Presenter, interruption: Interruption) -> Callable[[Question], bool]:
    """What a bench asks with. Anything but the expected word is a no, and so is the end of the input."""

    def ask(question: Question) -> bool:
        # From before the question is seen: a signal in between would only raise a flag, and the reading go on.
        with presenter.aside(), interruption.asking() as typed_line:
            voice.trouble([line(Piece(question.text, Style.STRONG))])
            voice.trouble(
                [line("type ", Piece(question.expected, Style.NAME), " to go on; anything else is a no")]
            )
            return _means(typed_line(), question.expected)

    return ask


def _means(typed: str, expected: str) -> bool:
    word = typed.strip()
    return word == expected or (expected == "yes" and word.lower() in ("y", "yes"))
