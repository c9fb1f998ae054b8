"""What happened while Terraform or OpenTofu ran, told as it comes and kept for the end."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from runner.diagnostics import Diagnostic, Severity
from runner.engine import Applied, EngineEvent, Listener, Workspace
from runner.engine.terraform_events import told_by

_Resource = tuple[str, str, str]


class Progress:
    """Lines in, redacted events out. `diagnostics` are all that the engine gave, with places from the root."""

    def __init__(self, work: Workspace, listen: Listener) -> None:
        self._redactor = work.redactor
        self._below = stack_directory(work)
        self._listen = listen
        self._running: dict[tuple[str, str], _Resource] = {}
        self._provisioning: set[str] = set()
        self._finished: list[_Resource] = []
        self._errored: dict[str, str] = {}
        self.diagnostics: list[Diagnostic] = []

    def line(self, _stream: str, line: bytes) -> None:
        """Takes one line of either stream."""
        match told_by(self._redactor.bytes(line)):
            case EngineEvent() as event:
                self._count(event)
                self._listen(event)
            case Diagnostic() as diagnostic:
                placed = located(diagnostic, self._below)
                self.diagnostics.append(placed)
                self._listen(EngineEvent(kind="message", text=f"{placed.severity}: {placed}"))
            case None:
                return

    def applied(self, *, ok: bool, stopped: bool, because: str) -> Applied:
        """What an apply came to."""
        errors = [each for each in self.diagnostics if each.severity is Severity.ERROR]
        failed = {address: _reason(address, errors) or text for address, text in self._errored.items()}
        return Applied(
            ok=ok,
            because=because,
            stopped=stopped,
            finished=tuple(self._finished),
            unfinished=tuple(self._running.values()),
            provisioning=frozenset(self._provisioning & {address for address, _ in self._running}),
            failed=tuple(failed.items()),
        )

    def _count(self, event: EngineEvent) -> None:
        key = (event.address, event.action)
        told = (event.address, event.action, event.id)
        match event.kind:
            case "start":
                self._running[key] = told
                self._provisioning.discard(event.address)
            case "provisioning":
                self._provisioning.add(event.address)
            case "complete":
                before = self._running.pop(key, told)
                self._finished.append((event.address, event.action, event.id or before[2]))
            case "errored":
                self._running.pop(key, None)
                self._errored[event.address] = event.text
            case _:
                return


def stack_directory(work: Workspace) -> str:
    """The stack's directory from the root, POSIX, `.` for the root itself."""
    try:
        return work.directory.relative_to(work.root).as_posix()
    except ValueError:
        return "."


def located(diagnostic: Diagnostic, below: str) -> Diagnostic:
    """`diagnostic` with its place counted from the repository's root and not from the stack's directory."""
    if diagnostic.span is None or below == ".":
        return diagnostic
    parts: list[str] = []
    for part in Path(below, diagnostic.span.file).parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return replace(diagnostic, span=replace(diagnostic.span, file="/".join(parts)))


def _reason(address: str, errors: list[Diagnostic]) -> str:
    """The error that names the resource; the only one there is, where none does."""
    named = [each.message for each in errors if each.message.startswith(f"{address}: ")]
    if named:
        return named[0].removeprefix(f"{address}: ")
    return errors[0].message if len(errors) == 1 else ""
