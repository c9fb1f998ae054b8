"""What the lines of `-json` output and the framed text of Terraform and OpenTofu mean; pure.

Format: https://developer.hashicorp.com/terraform/internals/machine-readable-ui.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from runner.diagnostics import Diagnostic, Severity, Span
from runner.engine import EngineEvent
from runner.engine.loose_json import line_told, text_at
from runner.model.references import Json

Told: TypeAlias = EngineEvent | Diagnostic | None

_KINDS = {
    "apply_start": "start",
    "apply_progress": "progress",
    "apply_complete": "complete",
    "apply_errored": "errored",
    "provision_start": "provisioning",
    "provision_progress": "progress",
    "provision_complete": "progress",
    "provision_errored": "progress",
    "outputs": "output",
}
_SEVERITIES = {"error": Severity.ERROR, "warning": Severity.WARNING}
_PLACE = re.compile(r"^on (?P<file>\S.*?) line (?P<line>\d+)(?:, in (?P<context>.*))?:$")
_FRAME = re.compile(r"^[│╷╵ ]?[│╷╵]? ?")
_ANNOUNCED = "encountered problems during initiali"
_LOCK_HELD = "Error acquiring the state lock"
_LOCK_KEYS = "ID|Path|Operation|Who|Version|Created|Info"
_LOCK_LINE = re.compile(
    rf"\b(ID|Path|Operation|Who|Created):[ \t]*(\S[^\n]*?)\s*(?=\s(?:{_LOCK_KEYS}):|\n|$)"
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def told_by(line: bytes) -> Told:
    """The event or diagnostic in a line; None for an empty one. What is no JSON object is a message as it stands."""
    event = line_told(line)
    if isinstance(event, str):
        return EngineEvent(kind="message", text=event) if event else None
    diagnostic = event.get("diagnostic")
    if event.get("type") == "diagnostic" and isinstance(diagnostic, dict):
        return _diagnostic(diagnostic)
    hook = event.get("hook")
    return _event(event, hook if isinstance(hook, dict) else {})


def diagnostics_in(text: str) -> tuple[Diagnostic, ...]:
    """The diagnostics in the framed text that the commands without `-json` print."""
    lines = [_FRAME.sub("", _COLOUR.sub("", line)).rstrip() for line in text.splitlines()]
    blocks: list[list[str]] = []
    for line in lines:
        if re.match(r"(Error|Warning): ", line.strip()):
            blocks.append([line.strip()])
        elif blocks:
            blocks[-1].append(line)
    told = dict.fromkeys(map(_framed, blocks))
    # `init` announces that problems follow, as if that were one.
    return tuple(each for each in told if len(told) == 1 or _ANNOUNCED not in each.message)


def lock_in(diagnostics: Iterable[Diagnostic]) -> Diagnostic | None:
    """Who has the engine's own lock, where that is what went wrong; None for any other trouble, also with locking."""
    for each in diagnostics:
        told = dict(_LOCK_LINE.findall(each.message)) if _LOCK_HELD in each.message else {}
        if told.get("Who"):
            return Diagnostic(
                code="engine-locked",
                message=f"the state is locked by {told['Who']} since {told.get('Created', '?')} "
                f"({told.get('Operation', '?')} on {told.get('Path', '?')})",
                hint=f"wait for it; if nobody works there any more: the engine's `force-unlock {told.get('ID', 'ID')}`",
            )
    return None


def _event(event: Mapping[str, Json], hook: Mapping[str, Json]) -> EngineEvent:
    resource = hook.get("resource")
    address = text_at(resource, "addr") if isinstance(resource, dict) else ""
    seconds = hook.get("elapsed_seconds")
    output = text_at(hook, "output")
    return EngineEvent(
        kind=_KINDS.get(text_at(event, "type"), "message"),
        text=f"{address}: {output}" if output else text_at(event, "@message"),
        address=address,
        action=text_at(hook, "action"),
        id=text_at(hook, "id_value"),
        seconds=float(seconds) if isinstance(seconds, int | float) else 0.0,
    )


def _diagnostic(told: Mapping[str, Json]) -> Diagnostic:
    summary, detail = text_at(told, "summary"), text_at(told, "detail")
    address = text_at(told, "address")
    place, snippet = told.get("range"), told.get("snippet")
    message = f"{summary}: {detail}" if detail else summary
    return Diagnostic(
        code="engine-said",
        message=f"{address}: {message}" if address and address not in message else message,
        span=_span(place) if isinstance(place, dict) else None,
        source=text_at(snippet, "code") if isinstance(snippet, dict) else "",
        severity=_SEVERITIES.get(text_at(told, "severity"), Severity.ERROR),
    )


def _span(place: Mapping[str, Json]) -> Span:
    start, end = place.get("start"), place.get("end")
    start, end = (each if isinstance(each, dict) else {} for each in (start, end))
    return Span(
        file=text_at(place, "filename"),
        line=_number(start, "line") or 1,
        column=_number(start, "column") or 1,
        end_line=_number(end, "line"),
        end_column=_number(end, "column"),
    )


def _framed(block: list[str]) -> Diagnostic:
    kind, summary = block[0].split(": ", 1)
    span = None
    source = ""
    detail = []
    for line in block[1:]:
        stripped = line.strip()
        if span is None and (match := _PLACE.match(stripped)):
            span = Span(file=match["file"], line=int(match["line"]), column=1)
        elif span is not None and (quoted := re.match(rf"{span.line}: (.*)$", stripped)):
            source = quoted[1]
        elif stripped and not re.match(r"(with \S+,|\d+: |├─|[├│]  ?)", stripped):
            detail.append(stripped)
    message = f"{summary}: {' '.join(detail)}" if detail else summary
    severity = Severity.WARNING if kind == "Warning" else Severity.ERROR
    return Diagnostic(code="engine-said", message=message, span=span, source=source, severity=severity)


def _number(told: Mapping[str, Json], key: str) -> int:
    value = told.get(key)
    return value if isinstance(value, int) else 0
