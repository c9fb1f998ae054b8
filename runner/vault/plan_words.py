"""A plan as bytes, and back: what the next preview of the same shows again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import json

from runner.diagnostics import Diagnostic, Severity, Span
from runner.model.change import AttributeDifference, Change, ChangeKind, OutputChange
from runner.model.names import TargetName
from runner.model.plan import Digests, Plan, PlanKind, Planned, StateFacts
from runner.model.stack import EngineIdentity, EngineName

Members = Mapping[str, Any]
"""Of one object: written here, and read only after its authentication."""


def written_plan(plan: Plan) -> bytes:
    """The plan as JSON. It has no secret in it, and is not made for anybody else to read."""
    return json.encode(plan, enc_hook=_written)


def _written(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a kept plan has no {type(value).__name__}")


def read_plan(content: bytes) -> Plan:
    """What `written_plan` was given. ValueError, KeyError or TypeError where it was another version's. Read by hand:
    msgspec knows no type that holds itself, as JSON does."""
    said: Members = json.decode(content)
    digests, engine, planned = said["digests"], said["engine"], said["planned"]
    return Plan(
        target=TargetName(**said["target"]),
        kind=PlanKind(said["kind"]),
        engine=EngineIdentity(**{**engine, "name": EngineName(engine["name"])}) if engine else None,
        planned=_planned(planned) if planned else None,
        digests=Digests(**digests) if digests else None,
        state=StateFacts(**said["state"]),
        commit=said["commit"],
        made_at=datetime.fromisoformat(said["made_at"]),
        destroy=said["destroy"],
        partial=tuple(said["partial"]),
        because=said["because"],
    )


def _planned(said: Members) -> Planned:
    return Planned(
        changes=_changes(said["changes"]),
        outputs=tuple(OutputChange(**{**each, "kind": ChangeKind(each["kind"])}) for each in said["outputs"]),
        changed=said["changed"],
        complete=said["complete"],
        errored=said["errored"],
        drift=_changes(said["drift"]),
        diagnostics=tuple(map(_diagnostic, said["diagnostics"])),
        checks=tuple(said["checks"]),
    )


def _changes(said: Sequence[Members]) -> tuple[Change, ...]:
    return tuple(map(_change, said))


def _change(said: Members) -> Change:
    differences = (AttributeDifference(**{**each, "path": tuple(each["path"])}) for each in said["diff"])
    return Change(
        **{
            **said,
            "kind": ChangeKind(said["kind"]),
            "actions": tuple(said["actions"]),
            "unknown_paths": _tuples(said["unknown_paths"]),
            "sensitive_paths": _tuples(said["sensitive_paths"]),
            "diff": tuple(differences),
            "fingerprints": _tuples(said["fingerprints"]),
        }
    )


def _tuples(said: Iterable[Sequence[Any]]) -> tuple[Any, ...]:
    return tuple(tuple(each) for each in said)


def _diagnostic(said: Members) -> Diagnostic:
    span = Span(**said["span"]) if said["span"] else None
    return Diagnostic(**{**said, "span": span, "severity": Severity(said["severity"])})
