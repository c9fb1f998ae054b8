"""The contract with programs: DESIGN, section 3."""

import json
from datetime import UTC, datetime

from runner.diagnostics import Diagnostic, Span
from runner.model.change import SENSITIVE, AttributeDifference, ChangeKind
from runner.model.entry import Actor, Entry, EntryKind, Result
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
from runner.model.plan import PlanKind
from runner.report.json_lines import as_json, happening_line
from runner.report.json_objects import json_line
from tests.report.samples import APP, HOSTILE, NETWORK, change, plan_of

CHANGE_FIELDS = {
    "address",
    "previous_address",
    "type",
    "name",
    "kind",
    "reason",
    "before",
    "after",
    "unknown_paths",
    "sensitive_paths",
    "diff",
}


def parsed(happening: Happening) -> dict[str, object]:
    line = happening_line(happening)
    assert line.endswith("\n")
    assert all(" " <= each <= "~" for each in line[:-1])
    found: dict[str, object] = json.loads(line)
    assert found["schema"] == "runner/1"
    return found


def members(found: dict[str, object], name: str) -> list[dict[str, object]]:
    inner = found[name]
    assert isinstance(inner, list)
    return inner


def test_every_happening_is_an_object_of_its_type() -> None:
    happenings: list[tuple[Happening, str]] = [
        (RunStarted(run="r", verb="up", commit="c", law="l", waves=((NETWORK,), (APP,))), "run_started"),
        (TargetStarted(target=NETWORK), "target_started"),
        (TargetProgress(target=NETWORK, phase="planning", text=HOSTILE), "target_progress"),
        (PlanReady(plan=plan_of(change(ChangeKind.CREATE, HOSTILE))), "plan_ready"),
        (ResourceApplied(target=NETWORK, address=HOSTILE, action="created"), "applied"),
        (TargetFinished(target=NETWORK, outcome="failed", because=HOSTILE), "target_finished"),
        (Noted(diagnostic=Diagnostic(code="x", message=HOSTILE)), "noted"),
        (RunFinished(run="r", outcomes={"failed": 1}, exit_code=1, next=("runner up dev",)), "run_finished"),
    ]
    for happening, kind in happenings:
        assert parsed(happening)["type"] == kind


def test_a_plan_has_what_the_contract_names() -> None:
    made = change(
        ChangeKind.UPDATE,
        "a.b",
        before={"p": dict(SENSITIVE)},
        after={"p": dict(SENSITIVE)},
        sensitive_paths=(("p",),),
        unknown_paths=(("id", 0),),
        diff=(AttributeDifference(path=("p",), op="change", forces_replace=True),),
    )
    found = parsed(PlanReady(plan=plan_of(made)))
    assert {"target", "engine", "digest", "kind", "counts", "changes", "outputs", "complete"} <= set(found)
    assert (found["target"], found["kind"], found["digest"]) == ("dev/network", "planned", "c1:9b1d")
    (told,) = members(found, "changes")
    assert set(told) == CHANGE_FIELDS
    assert told["diff"] == [{"path": ["p"], "op": "change", "forces_replace": True}]
    assert told["unknown_paths"] == [["id", 0]]


def test_a_deferred_plan_is_told_as_not_complete_and_as_change() -> None:
    deferred = plan_of(
        kind=PlanKind.DEFERRED, planned=None, digests=None, engine=None, because="no state yet"
    )
    found = parsed(PlanReady(plan=deferred))
    assert (found["kind"], found["complete"], found["changed"]) == ("deferred", False, True)
    assert (found["engine"], found["changes"], found["because"]) == (None, [], "no state yet")


def test_an_outcome_carries_its_because_and_its_diagnostics() -> None:
    problem = Diagnostic(code="x", message="m", span=Span(file="f", line=1, column=2), hint="h")
    found = parsed(TargetFinished(target=APP, outcome="failed", because="b", diagnostics=(problem,)))
    assert (found["target"], found["outcome"], found["because"]) == ("dev/app", "failed", "b")
    (told,) = members(found, "diagnostics")
    assert told["span"] == {"file": "f", "line": 1, "column": 2}


def test_records_become_plain_json() -> None:
    entry = Entry(
        target=NETWORK,
        kind=EntryKind.APPLY,
        result=Result.SUCCEEDED,
        commit="c",
        law="l",
        actor=Actor(name="a"),
        run="r",
        at=datetime(2026, 1, 2, tzinfo=UTC),
        counts={"create": 1},
    )
    told = json.loads(json_line("entry", {"entry": as_json(entry)}))["entry"]
    assert (told["target"], told["at"], told["kind"]) == ("dev/network", "2026-01-02T00:00:00+00:00", "apply")
    assert as_json(frozenset({"b", "a"})) == ["a", "b"]
