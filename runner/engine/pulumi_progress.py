"""What happened while Pulumi ran, told as it comes and kept for the end."""

from __future__ import annotations

from runner.diagnostics import Severity
from runner.engine import Applied, EngineEvent, Listener, Workspace
from runner.engine.pulumi_events import Judged, Said, Step, Strange, Summary, told_by

_Resource = tuple[str, str, str]

_ACTIONS = {
    "create-replacement": "create",
    "import-replacement": "import",
    "read-replacement": "read",
    "delete-replaced": "delete",
    "discard-replaced": "discard",
}
_NO_WORK = frozenset({"same", "replace", "remove-pending-replace", "refresh", "diff"})
_KINDS = {"start": "start", "end": "complete", "failed": "errored"}


class Progress:
    """Lines of an event log in, redacted events out."""

    def __init__(self, work: Workspace, listen: Listener) -> None:
        self._redactor = work.redactor
        self._listen = listen
        self._running: dict[tuple[str, str], tuple[_Resource, bool]] = {}
        self._finished: list[_Resource] = []
        self._failed: dict[str, str] = {}
        self._reasons: dict[str, str] = {}

    def line(self, line: bytes) -> None:
        """Takes one line."""
        match told_by(self._redactor.bytes(line)):
            case Step() as step:
                self._count(step)
            case Said() as said if said.severity != "debug" and said.text:
                if (told := said.diagnostic()) and told.severity is Severity.ERROR and said.urn:
                    self._reasons[said.urn] = said.text
                self._listen(EngineEvent(kind="message", text=f"{said.severity}: {said.text}"))
            case Judged() as judged:
                self._listen(
                    EngineEvent(kind="message", text=f"{judged.policy}: {judged.text}", address=judged.urn)
                )
            case Strange(kind=kind):
                self._listen(EngineEvent(kind="message", text=f"an unknown event: {kind}"))
            case Summary() | Said() | None:
                return

    def applied(self, *, ok: bool, stopped: bool, because: str) -> Applied:
        """What an apply came to. A component has no work of its own that could be left undone."""
        failed = {urn: self._reasons.get(urn, text) for urn, text in self._failed.items()}
        return Applied(
            ok=ok,
            because=because,
            stopped=stopped,
            finished=tuple(self._finished),
            unfinished=tuple(told for told, custom in self._running.values() if custom),
            failed=tuple(failed.items()),
        )

    def _count(self, step: Step) -> None:
        if step.folded or step.op in _NO_WORK:
            return
        action = _ACTIONS.get(step.op, step.op)
        state = step.new or step.old or {}
        identity = state.get("id")
        told = (step.urn, action, identity if isinstance(identity, str) else "")
        name = step.urn.rpartition("::")[2]
        match step.phase:
            case "start":
                self._running[step.urn, action] = (told, state.get("custom") is True)
                text = f"{name} ({step.type}): {action}..."
            case "failed":
                self._running.pop((step.urn, action), None)
                self._failed[step.urn] = text = f"{name} ({step.type}): {action} failed"
            case _:
                self._running.pop((step.urn, action), None)
                self._finished.append(told)
                text = f"{name} ({step.type}): {action} complete"
        self._listen(
            EngineEvent(
                kind=_KINDS.get(step.phase, "message"), text=text, address=step.urn, action=action, id=told[2]
            )
        )
