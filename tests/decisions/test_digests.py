"""What an approval binds: each named digest moves with its own matter, and with nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from runner.decisions.binding import differences, has_unknown, holds
from runner.decisions.digests import Bound, digests_of, inputs_digest
from runner.model.change import AttributeDifference, Change, ChangeKind, OutputChange
from runner.model.plan import Digests, Planned
from runner.model.stack import EngineIdentity, EngineName
from runner.model.verdict import Answer
from tests.decisions.code_on_paper import named

ENGINE = EngineIdentity(name=EngineName.TERRAFORM, version="1.11.4", origin="PATH")
BOUND = Bound(
    target=named("dev/app"), code="c1:code", inputs={"a": 1}, secrets={}, engine=ENGINE, lineage="l"
)
CHANGE = Change(
    address="aws_sqs_queue.q",
    kind=ChangeKind.UPDATE,
    actions=("update",),
    before={"a": 1},
    after={"a": 2},
    unknown_paths=(("id",), ("tags", 0)),
)
READ = Change(
    address="data.aws_iam_policy_document.p", kind=ChangeKind.READ, mode="data", after={"json": "sqs:Send"}
)
NO_OP = Change(address="aws_sqs_queue.other", kind=ChangeKind.NO_OP, before={"a": 1}, after={"a": 1})
OUTPUT = OutputChange(name="url", kind=ChangeKind.UPDATE, before="x", after="y")
PLANNED = Planned(changes=(CHANGE, READ), outputs=(OUTPUT,), changed=True, complete=True)


def digests(planned: Planned = PLANNED, **bound: object) -> Digests:
    return digests_of(planned, replace(BOUND, **bound))


def moved(other: Digests) -> set[str]:
    return {each.name for each in differences(digests(), other)}


def with_change(**fields: object) -> Planned:
    return replace(PLANNED, changes=(replace(CHANGE, **fields), READ))


@pytest.mark.parametrize(
    "same",
    [
        replace(PLANNED, changes=(READ, CHANGE)),
        replace(PLANNED, changes=(CHANGE, READ, NO_OP)),
        replace(PLANNED, drift=(CHANGE,)),
        replace(PLANNED, outputs=(OUTPUT, OutputChange(name="a", kind=ChangeKind.NO_OP, before=1, after=1))),
        with_change(unknown_paths=(("tags", 0), ("id",))),
        with_change(diff=(AttributeDifference(path=("a",), op="change"),)),
    ],
)
def test_order_no_ops_and_drift_do_not_move_a_digest(same: Planned) -> None:
    assert digests(same) == digests()


@pytest.mark.parametrize(
    "other",
    [
        with_change(after={"a": 3}),
        with_change(kind=ChangeKind.REPLACE),
        with_change(order="create-first"),
        with_change(previous_address="aws_sqs_queue.old"),
        with_change(import_id="i"),
        with_change(deposed="d"),
        with_change(reason="tainted"),
        with_change(provider="other"),
        with_change(unknown_paths=()),
        with_change(diff=(AttributeDifference(path=("a",), op="change", forces_replace=True),)),
        with_change(fingerprints=(('["password"]', "00"),)),
        replace(PLANNED, changes=(CHANGE, replace(READ, after={"json": "sqs:*"}))),
        replace(PLANNED, changes=(CHANGE,)),
    ],
)
def test_whatever_would_be_done_differently_moves_the_changes(other: Planned) -> None:
    assert moved(digests(other)) == {"changes"}
    assert digests(other).plan != digests().plan


def test_the_other_names_move_by_themselves() -> None:
    assert moved(digests(replace(PLANNED, outputs=(replace(OUTPUT, after="z"),)))) == {"outputs"}
    assert moved(digests(replace(PLANNED, outputs=(replace(OUTPUT, fingerprint="00"),)))) == {"outputs"}
    assert moved(digests(code="c1:other")) == {"code"}
    assert moved(digests(inputs={"a": 2})) == {"inputs"}
    assert moved(digests(secrets={"b": "00"})) == {"inputs"}
    assert moved(digests(lineage="m")) == {"lineage"}
    assert moved(digests(target=named("dev/other"), lineage="l")) == {"lineage"}
    assert moved(digests(engine=replace(ENGINE, version="1.11.5"))) == {"engine"}
    assert moved(digests(engine=replace(ENGINE, origin="embedded"))) == set()


def test_a_secret_counts_by_its_fingerprint_only() -> None:
    assert inputs_digest({"a": 1, "s": "hunter2"}, {"s": "00"}) == inputs_digest({"a": 1}, {"s": "00"})


UNKNOWN = PLANNED
KNOWN = with_change(unknown_paths=())


@given(
    st.sampled_from(["changes", "outputs", "code", "inputs", "engine", "lineage", ""]),
    st.booleans(),
    st.booleans(),
)
def test_law_one_holds_for_every_difference(name: str, code_approved: bool, known: bool) -> None:
    approved = digests()
    now = replace(approved, **{name: "c1:x", "plan": "c1:x"}) if name else approved
    verdict = holds(approved, now, KNOWN if known else UNKNOWN, code_approved=code_approved)
    excused = name in ("code", "inputs") and code_approved and known
    assert (verdict.answer is Answer.ALLOW) == (not name or excused)
    assert name in verdict.because


def test_what_is_unknown_is_seen() -> None:
    assert not has_unknown(KNOWN)
    assert has_unknown(UNKNOWN)
    assert has_unknown(replace(KNOWN, outputs=(replace(OUTPUT, known=False),)))
    assert has_unknown(replace(KNOWN, complete=False))
    assert has_unknown(replace(KNOWN, changes=(Change(address="a", kind=ChangeKind.UNKNOWN),)))
