"""Law 5 by hand: a Pulumi program is code, run by whoever previews or applies it, and that is said."""

from __future__ import annotations

from collections.abc import Iterable

from runner.diagnostics import Diagnostic, Severity
from runner.model.names import TargetName
from runner.model.stack import EngineName
from runner.model.target import Target

MOST_NAMED = 3


def programs_run(targets: Iterable[Target]) -> tuple[Diagnostic, ...]:
    """The line about those of `targets` that are programs; nothing where none is."""
    names = sorted(target.name for target in targets if target.stack.engine.name is EngineName.PULUMI)
    if not names:
        return ()
    message = (
        f"{_listed(names)} {'is a program' if len(names) == 1 else 'are programs'}: a preview runs code too"
    )
    hint = "whoever can change that code runs it with the credentials of this run"
    return (Diagnostic(code="program-runs", message=message, hint=hint, severity=Severity.NOTE),)


def _listed(names: list[TargetName]) -> str:
    told = ", ".join(f"`{name}`" for name in names[:MOST_NAMED])
    return f"{told} and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else told
