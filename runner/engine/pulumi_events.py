"""What a line of Pulumi's `--event-log` means; pure.

Format: `sdk/go/common/apitype/events.go` of Pulumi. No event is dropped: what is not known here and speaks of a
resource is a step with its operation as written, and everything else that is not known is a stranger.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from runner.diagnostics import Diagnostic, Severity
from runner.engine.loose_json import line_told, object_of, strings_of, text_at
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


class Step(Struct, frozen=True, kw_only=True):
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


class Said(Struct, frozen=True, kw_only=True):
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


class Judged(Struct, frozen=True, kw_only=True):
    """A policy's word about a resource. `level`: advisory (`warning`) | mandatory | remediate."""

    policy: str
    level: str
    text: str
    urn: str = ""


class Summary(Struct, frozen=True, kw_only=True):
    """How an operation ended: succeeded | failed | canceled; empty from a CLI that does not say."""

    result: str
    corrupt: bool = False


class Strange(Struct, frozen=True, kw_only=True):
    """An event of a kind that is not known here: whatever it means, it is not nothing."""

    kind: str


Told: TypeAlias = Step | Said | Judged | Summary | Strange | None


def told_by(line: bytes) -> Told:
    """What a line says; None for what only frames the others. A line that is no JSON object is words."""
    event = line_told(line)
    if isinstance(event, str):
        return Said(text=event) if event else None
    kind = next((name for name in event if name not in _ENVELOPE), "")
    body = object_of(event.get(kind))
    if isinstance(body.get("metadata"), dict):
        return _step(_PHASES.get(kind, "end"), object_of(body["metadata"]))
    return _other(kind, body)


def _other(kind: str, body: Mapping[str, Json]) -> Told:
    match kind:
        case "diagnosticEvent" | "errorEvent":
            said = _words(text_at(body, "message") or text_at(body, "error"))
            severity = text_at(body, "severity") or ("error" if kind == "errorEvent" else "info")
            return Said(text=said, severity=severity, urn=text_at(body, "urn"))
        case "stdoutEvent":
            return Said(text=_words(text_at(body, "message")))
        case "policyEvent" | "policyRemediationEvent":
            return Judged(
                policy="/".join(filter(None, (text_at(body, "policyPackName"), text_at(body, "policyName")))),
                level=text_at(body, "enforcementLevel") or "remediate",
                text=_words(text_at(body, "message")),
                urn=text_at(body, "resourceUrn"),
            )
        case "summaryEvent":
            return Summary(result=text_at(body, "result"), corrupt=body.get("maybeCorrupt") is True)
        case "":
            return None
        case _ if kind in _SILENT:
            return None
        case _:
            return Strange(kind=kind)


def _step(phase: str, told: Mapping[str, Json]) -> Step:
    old, new, detailed = told.get("old"), told.get("new"), told.get("detailedDiff")
    return Step(
        phase=phase,
        op=text_at(told, "op"),
        urn=text_at(told, "urn"),
        type=text_at(told, "type"),
        old=old if isinstance(old, dict) else None,
        new=new if isinstance(new, dict) else None,
        keys=strings_of(told.get("keys")),
        diffs=strings_of(told.get("diffs")),
        detailed=tuple(
            (path_of(path), text_at(object_of(each), "diffKind")) for path, each in detailed.items()
        )
        if isinstance(detailed, dict)
        else None,
        provider=text_at(told, "provider"),
    )


def _words(text: str) -> str:
    return _COLOUR.sub("", text).strip()
