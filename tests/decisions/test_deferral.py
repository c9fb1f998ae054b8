"""Law 9, case by case: which value is used, and what the plan is then called."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runner.decisions.deferral import Foresight, Upstreams, foreseen
from runner.decisions.edges import Edge
from runner.model.change import Change, ChangeKind, Output, OutputChange
from runner.model.plan import Plan, PlanKind, Planned, StateFacts
from runner.model.references import Json, OutputReference
from tests.decisions.code_on_paper import named

NETWORK = named("dev/network")
SUBNET = OutputReference(target=NETWORK, output="subnet_id")
LIVE = {NETWORK: {"subnet_id": Output(value="old")}}
EDGE = Edge(target=NETWORK, because="", outputs=("subnet_id",))


def plan_with(*outputs: OutputChange, kind: PlanKind = PlanKind.PLANNED, changed: bool = True) -> Plan:
    changes = (Change(address="a.b", kind=ChangeKind.UPDATE),) if changed else ()
    planned = Planned(changes=changes, outputs=outputs, changed=changed, complete=True)
    return Plan(
        target=NETWORK,
        kind=kind,
        engine=None,
        planned=None if kind is PlanKind.DEFERRED else planned,
        digests=None,
        state=StateFacts(),
        commit="",
        made_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def output(
    kind: ChangeKind = ChangeKind.UPDATE, *, known: bool = True, sensitive: bool = False
) -> OutputChange:
    return OutputChange(
        name="subnet_id", kind=kind, before="old", after="new", known=known, sensitive=sensitive
    )


def value_of(answer: Foresight) -> Json:
    found = answer.outputs.get(NETWORK, {}).get("subnet_id")
    return found.value if found else None


@pytest.mark.parametrize(
    ("live", "plan", "behind", "kind", "value"),
    [
        (LIVE, None, False, PlanKind.PLANNED, "old"),
        (LIVE, plan_with(changed=False), False, PlanKind.PLANNED, "old"),
        (LIVE, plan_with(output()), False, PlanKind.PLANNED, "new"),
        (LIVE, plan_with(output(ChangeKind.NO_OP)), False, PlanKind.PLANNED, "old"),
        (LIVE, plan_with(output(known=False)), False, PlanKind.DEFERRED, None),
        (LIVE, plan_with(output(sensitive=True)), False, PlanKind.DEFERRED, None),
        (LIVE, plan_with(output(ChangeKind.DELETE)), False, PlanKind.DEFERRED, None),
        (LIVE, plan_with(), False, PlanKind.PROVISIONAL, "old"),
        (LIVE, None, True, PlanKind.PROVISIONAL, "old"),
        (LIVE, plan_with(output(), kind=PlanKind.PROVISIONAL), False, PlanKind.PROVISIONAL, "new"),
        (LIVE, plan_with(kind=PlanKind.DEFERRED), False, PlanKind.DEFERRED, None),
        ({}, None, False, PlanKind.DEFERRED, None),
        ({NETWORK: None}, plan_with(output(ChangeKind.CREATE)), False, PlanKind.PLANNED, "new"),
        ({NETWORK: {}}, None, False, PlanKind.DEFERRED, None),
    ],
)
def test_which_value_an_output_has(
    live: dict[object, object], plan: Plan | None, behind: bool, kind: PlanKind, value: Json
) -> None:
    known = Upstreams(
        live=live,  # type: ignore[arg-type]
        planned={NETWORK: plan} if plan else {},
        behind=frozenset({NETWORK} if behind else ()),
    )
    answer = foreseen([EDGE], [SUBNET], known)
    assert answer.kind is kind
    if kind is not PlanKind.DEFERRED:
        assert value_of(answer) == value
    if kind is not PlanKind.PLANNED:
        assert "dev/network" in answer.because


def test_a_need_without_outputs_has_to_be_there_and_to_stand_still() -> None:
    edge = Edge(target=NETWORK, because="`depends_on` names it")
    assert foreseen([edge], [], Upstreams(live={})).kind is PlanKind.DEFERRED
    still = plan_with(changed=False)
    assert foreseen([edge], [], Upstreams(live=LIVE, planned={NETWORK: still})).kind is PlanKind.PLANNED
    moving = (
        Upstreams(live=LIVE, planned={NETWORK: plan_with()}),
        Upstreams(live=LIVE, behind=frozenset({NETWORK})),
    )
    for upstreams in moving:
        answer = foreseen([edge], [], upstreams)
        assert answer.kind is PlanKind.PROVISIONAL
        assert "`dev/network`, which it needs, is about to change" in answer.because


def test_a_state_that_is_read_whole_and_about_to_change_is_provisional() -> None:
    edge = Edge(target=NETWORK, because="", reads_state=True)
    assert foreseen([edge], [], Upstreams(live=LIVE)).kind is PlanKind.PLANNED
    assert (
        foreseen([edge], [], Upstreams(live=LIVE, planned={NETWORK: plan_with()})).kind
        is PlanKind.PROVISIONAL
    )


def test_the_weakest_need_speaks() -> None:
    other = OutputReference(target=named("dev/dns"), output="zone")
    answer = foreseen([EDGE], [SUBNET, other], Upstreams(live=LIVE))
    assert answer.kind is PlanKind.DEFERRED
    assert "dev/dns" in answer.because
