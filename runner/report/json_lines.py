"""Facts as JSON objects, one a line, for programs (DESIGN, section 3): `"schema": "runner/1"` and a `"type"`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from enum import Enum
from pathlib import PurePath
from typing import Any, assert_never, cast

from msgspec import Struct
from msgspec.structs import asdict, fields

from runner.diagnostics import Diagnostic
from runner.model.change import Change, OutputChange
from runner.model.happening import (
    Happening,
    Noted,
    PlanReady,
    ResourceApplied,
    RunFinished,
    RunStarted,
    TargetFinished,
    TargetProgress,
    TargetStarted,
)
from runner.model.names import TargetName
from runner.model.plan import Counts, Plan, counted
from runner.model.references import Json
from runner.report.json_objects import diagnostic_object, diagnostic_objects, json_line
from runner.report.value_text import masked


def happening_line(happening: Happening) -> str:
    """One happening as its line."""
    return json_line(*_happening(happening))


def as_json(value: object) -> Json:
    """`value` in JSON's types: records as objects, names and moments as text, sets sorted. TypeError for another."""
    kind = type(value)
    write = _WRITERS.get(kind)
    if write is None:
        write = _WRITERS[kind] = _writer(kind)
    return write(value)


_WRITERS: dict[type, Callable[[Any], Json]] = {}
"""How values of a type are written; found once a type, because a thousand rows have the same few."""

_PLAIN = frozenset({str, int, float, bool, type(None)})


def _writer(kind: type) -> Callable[[Any], Json]:
    if issubclass(kind, Enum):
        return lambda value: as_json(value.value)
    if issubclass(kind, type(None) | int | float | str):
        return lambda value: cast(Json, value)
    if issubclass(kind, TargetName | PurePath):
        return str
    if issubclass(kind, datetime):
        return datetime.isoformat
    if issubclass(kind, Diagnostic):
        return diagnostic_object
    if issubclass(kind, Mapping):
        return lambda value: {str(as_json(key)): as_json(item) for key, item in value.items()}
    if issubclass(kind, AbstractSet):
        return lambda value: [as_json(each) for each in sorted(value, key=str)]
    if issubclass(kind, Sequence):
        return lambda value: [as_json(each) for each in value]
    if issubclass(kind, Struct):
        return _record_writer(kind)
    raise TypeError(f"a report has no JSON for {kind.__name__}")


def _record_writer(kind: type[Struct]) -> Callable[[Any], Json]:
    """Most members are JSON already, as their types say: a look at each of them is most of what ten thousand entries
    cost."""
    others = tuple(member.name for member in fields(kind) if member.type not in _PLAIN)
    if not others:
        return asdict

    def write(value: Any) -> Json:
        members: dict[str, Json] = asdict(value)
        for name in others:
            members[name] = as_json(members[name])
        return members

    return write


def _change_object(change: Change) -> dict[str, Json]:
    """A change with the fields that the contract names, the same for every engine."""
    return {
        "address": change.address,
        "previous_address": change.previous_address,
        "type": change.type,
        "name": change.name,
        "kind": str(change.kind),
        "reason": change.reason,
        "before": masked(change.before, change.sensitive_paths),
        "after": masked(change.after, change.sensitive_paths),
        "unknown_paths": [list(path) for path in change.unknown_paths],
        "sensitive_paths": [list(path) for path in change.sensitive_paths],
        "diff": [{"path": list(d.path), "op": d.op, "forces_replace": d.forces_replace} for d in change.diff],
    }


def _plan_object(plan: Plan) -> dict[str, Json]:
    """A plan as `plan_ready` tells it."""
    planned = plan.planned
    return {
        "target": str(plan.target),
        "engine": as_json(plan.engine),
        "digest": plan.digest,
        "kind": str(plan.kind),
        "changed": plan.changed,
        "counts": as_json(counted(planned) if planned else Counts()),
        "changes": [_change_object(each) for each in planned.changes] if planned else [],
        "outputs": [_output(each) for each in planned.outputs] if planned else [],
        "complete": bool(planned and planned.complete and not planned.errored),
        "drift": [_change_object(each) for each in planned.drift] if planned else [],
        "diagnostics": diagnostic_objects(planned.diagnostics) if planned else [],
        "digests": as_json(plan.digests),
        "commit": plan.commit,
        "made_at": plan.made_at.isoformat(),
        "age": plan.age,
        "destroy": plan.destroy,
        "partial": list(plan.partial),
        "because": plan.because,
    }


def _output(each: OutputChange) -> Json:
    return {
        "name": each.name,
        "kind": str(each.kind),
        "before": each.before,
        "after": each.after,
        "known": each.known,
        "sensitive": each.sensitive,
    }


def _happening(happening: Happening) -> tuple[str, dict[str, Json]]:
    match happening:
        case RunStarted():
            kind = "run_started"
        case TargetStarted():
            kind = "target_started"
        case TargetProgress():
            kind = "target_progress"
        case PlanReady(plan=plan):
            return "plan_ready", _plan_object(plan)
        case ResourceApplied():
            kind = "applied"
        case TargetFinished():
            kind = "target_finished"
        case Noted():
            kind = "noted"
        case RunFinished():
            kind = "run_finished"
        case _:
            assert_never(happening)
    return kind, {name: as_json(getattr(happening, name)) for name in happening.__struct_fields__}
