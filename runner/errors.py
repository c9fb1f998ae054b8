"""The error tree: one family an exit code (DESIGN, section 3). Everything a user can be told is a diagnostic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from runner.diagnostics import Diagnostic, Span


class RunnerError(Exception):
    """The root. `exit_code` is the family's; `diagnostics` has at least one member."""

    exit_code: ClassVar[int] = 1

    def __init__(self, diagnostics: Diagnostic | Sequence[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = (
            (diagnostics,) if isinstance(diagnostics, Diagnostic) else tuple(diagnostics)
        )
        super().__init__("\n".join(str(each) for each in self.diagnostics))

    @classmethod
    def of(cls, code: str, message: str, *, hint: str = "", span: Span | None = None) -> Self:
        """The usual case: one diagnostic of this family."""
        return cls(Diagnostic(code=code, message=message, hint=hint, span=span))


class TargetFailed(RunnerError):
    """An engine said no for one target. Mostly data (an outcome); an exception only inside one target's work."""

    exit_code = 1


class AskedWrongly(RunnerError):
    """The command line, the configuration, or a key cannot be believed."""

    exit_code = 2


class Denied(RunnerError):
    """A policy, a permission or a stale plan stands in the way."""

    exit_code = 3


class LeaseHeld(RunnerError):
    """Somebody else works on the target."""

    exit_code = 4


class ToolUnavailable(RunnerError):
    """A program is missing or of the wrong version; nothing had started."""

    exit_code = 5


class NoAnswer(RunnerError):
    """A forge, remote or store did not answer, or refused to take what was sent."""

    exit_code = 6


class HistoryMoved(RunnerError):
    """The record does not verify or moved back: a person decides."""

    exit_code = 7


class Waiting(RunnerError):
    """A window, approval, promotion or upstream is missing."""

    exit_code = 8


class OutcomeUnknown(RunnerError):
    """Something may have changed that is not on the record."""

    exit_code = 9


class Interrupted(RunnerError):
    """The user, or a signal, stopped us; what was left is on the record."""

    exit_code = 130


PRECEDENCE: tuple[int, ...] = (130, 9, 7, 1, 2, 6, 5, 4, 3, 8, 10)
"""Where several exit codes hold, the first of these wins."""


def strongest(codes: Sequence[int]) -> int:
    """The exit code that speaks for all of `codes`; 0 when there is none."""
    return next((code for code in PRECEDENCE if code in codes), 0)
