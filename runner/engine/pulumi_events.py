"""What a line of Pulumi's `--event-log` means; pure.

Format: `sdk/go/common/apitype/events.go` of Pulumi. No event is dropped: what is not known here and speaks of a
resource is a step with its operation as written, and everything else that is not known is a message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from runner.diagnostics import Diagnostic, Severity
from runner.engine.pulumi_values import path_of
from runner.model.change import AttributePath
from runner.model.references import Json

ROOT = "pulumi:pulumi:Stack"
PROVIDERS = "pulumi:providers:"

_PHASES = {"resourcePreEvent": "start", "resOutputsEvent": "end", "resOpFailedEvent": "failed"}
_SILENT = frozenset(
    {
        *("cancelEvent", "preludeEvent", "policyLoadEvent", "policyAnalyzeSummaryEvent"),
        *(
            "policyRemediateSummaryEvent",
            "policyAnalyzeStackSummaryEvent",
            "startDebuggingEvent",
            "progressEvent",
        ),
    }
)
_ENVELOPE = frozenset({"sequence", "timestamp"})
_SEVERITIES = {"error": Severity.ERROR, "warning": Severity.WARNING}
_COLOUR = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation on one resource. `phase`: start | end | failed. `old` and `new` are its states as written, None
    where there is none. `detailed` maps a path to (`add`, `update-replace`, …), None where the provider gave none."""

    phase: str
    op: str
    urn: str
    type: str
    old: Mapping[str, Json] | None = None
    new: Mapping[str, Json] | None = None
    keys: tuple[str, ...] = ()
    diffs: tuple[str, ...] = ()
    detailed: tuple[tuple[AttributePath, str], ...] | None = None
    provider: str = ""

    @property
    def folded(self) -> bool:
        """Whether it is the stack itself or a provider, which nobody counts."""
        return self.type == ROOT or self.type.startswith(PROVIDERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Words, about a resource or none. `severity` as Pulumi has it: debug | info | info#err | warning | error."""

    text: str
    severity: str = "info"
    urn: str = ""

    def diagnostic(self) -> Diagnostic | None:
        """The diagnostic that it is; None for mere words."""
        severity = _SEVERITIES.get(self.severity)
        if severity is None or not self.text:
            return None
        message = f"{self.urn}: {self.text}" if self.urn else self.text
        return Diagnostic(code="engine-said", message=message, severity=severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A policy's word about a resource. `level`: advisory (`warning`) | mandatory | remediate."""

    policy: str
    level: str
    text: str
    urn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How an operation ended: succeeded | failed | canceled; empty from a CLI that does not say."""

    result: str
    corrupt: bool = False


Told: TypeAlias = Step | Said | Judged | Summary | None


def told_by(line: bytes) -> Told:
    """What a line says; None for what only frames the others. A line that is no JSON object is words."""
    text = line.decode("utf-8", "replace").strip()
    if not text:
        return None
    try:
        event: Json = json.loads(text)
    except ValueError:
        return Said(text=text)
    if not isinstance(event, dict):
        return Said(text=text)
    kind = next((name for name in event if name not in _ENVELOPE), "")
    body = _object(event.get(kind))
    if isinstance(body.get("metadata"), dict):
        return _step(_PHASES.get(kind, "end"), _object(body["metadata"]))
    return _other(kind, body, text)


def _other(kind: str, body: Mapping[str, Json], text: str) -> Told:
    match kind:
        case "diagnosticEvent" | "errorEvent":
            said = _words(_text(body, "message") or _text(body, "error"))
            severity = _text(body, "severity") or ("error" if kind == "errorEvent" else "info")
            return Said(text=said, severity=severity, urn=_text(body, "urn"))
        case "stdoutEvent":
            return Said(text=_words(_text(body, "message")))
        case "policyEvent" | "policyRemediationEvent":
            return Judged(
                policy="/".join(filter(None, (_text(body, "policyPackName"), _text(body, "policyName")))),
                level=_text(body, "enforcementLevel") or "remediate",
                text=_words(_text(body, "message")),
                urn=_text(body, "resourceUrn"),
            )
        case "summaryEvent":
            return Summary(result=_text(body, "result"), corrupt=body.get("maybeCorrupt") is True)
        case "":
            return None
        case _ if kind in _SILENT:
            return None
        case _:
            return Said(text=text)


def _step(phase: str, told: Mapping[str, Json]) -> Step:
    old, new, detailed = told.get("old"), told.get("new"), told.get("detailedDiff")
    return Step(
        phase=phase,
        op=_text(told, "op"),
        urn=_text(told, "urn"),
        type=_text(told, "type"),
        old=old if isinstance(old, dict) else None,
        new=new if isinstance(new, dict) else None,
        keys=_strings(told.get("keys")),
        diffs=_strings(told.get("diffs")),
        detailed=tuple((path_of(path), _text(_object(each), "diffKind")) for path, each in detailed.items())
        if isinstance(detailed, dict)
        else None,
        provider=_text(told, "provider"),
    )


def _words(text: str) -> str:
    return _COLOUR.sub("", text).strip()


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _strings(value: Json) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


def _text(told: Mapping[str, Json], key: str) -> str:
    value = told.get(key)
    return value if isinstance(value, str) else ""
