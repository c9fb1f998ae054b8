"""Whether a target was applied with what others give now: what nobody can say counts as changed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from runner.decisions.edges import Edge
from runner.decisions.readings import because_read, read_alike
from runner.model.entry import Actor, Deployment, Entry, EntryKind, Reading, Result
from runner.model.names import TargetName

A, B = (TargetName(environment="prod", stack=stack) for stack in "ab")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ONE = Edge(target=A, because="", outputs=("out",))
WHOLE = Edge(target=A, because="", reads_state=True)
ORDER = Edge(target=A, because="`depends_on` names it")


def entry(target: TargetName, id: str, minutes: int = 0) -> Entry:
    return Entry(
        target=target,
        kind=EntryKind.APPLY,
        result=Result.SUCCEEDED,
        commit="c",
        law="c",
        actor=Actor(name="ada"),
        run="r",
        at=NOON + timedelta(minutes=minutes),
        id=id,
    )


def given_by(marks: dict[str, str], id: str = "a2", minutes: int = 2) -> Deployment:
    """`a` as it is live now."""
    last = entry(A, id, minutes)
    outputs = dict.fromkeys(marks, False)
    return Deployment(target=A, last=last, good=last, outputs=outputs, directory="a", marks=marks)


def applied_with(outputs: dict[str, str] | None, id: str = "a1") -> Deployment:
    """`b`, with what its entry says that it read of `a`; None for one that says nothing."""
    good = entry(B, "b1", 1)
    read = None if outputs is None else {A: Reading(entry=id, outputs=outputs)}
    return Deployment(target=B, last=good, good=good, outputs={}, directory="b", read=read)


@pytest.mark.parametrize(
    ("edge", "before", "now", "words"),
    [
        (ONE, {"out": "1"}, {"out": "1"}, ""),
        (ONE, {"out": "1"}, {"out": "2"}, "`prod/a.out` changed"),
        (ONE, {"out": "1"}, {"out": "1", "other": "9"}, ""),
        (ONE, {"out": "1"}, {}, "`prod/a.out`, which it was applied with, is gone"),
        (ONE, {"out": ""}, {"out": "1"}, "changed"),
        (WHOLE, {"out": "1"}, {"out": "1", "other": "9"}, "`prod/a.other` changed"),
        (WHOLE, {"out": "1", "other": "9"}, {"out": "2", "other": "8"}, "and 1 more changed"),
        (WHOLE, {}, {}, ""),
        (ORDER, {"out": "1"}, {"out": "2"}, ""),
    ],
)
def test_a_target_is_behind_where_what_it_read_is_another_now(
    edge: Edge, before: dict[str, str], now: dict[str, str], words: str
) -> None:
    because = because_read([edge], applied_with(before), {A: given_by(now)}.get)
    assert words in because
    assert bool(words) == bool(because)


def test_an_output_that_nobody_can_read_counts_as_changed_until_its_entry_was_looked_at() -> None:
    hidden = replace(given_by({}), outputs={"out": True})
    assert "does not say" in because_read([ONE], applied_with({"out": "1"}), {A: hidden}.get)
    assert because_read([ONE], applied_with({"out": ""}, id="a2"), {A: hidden}.get) == ""


def test_what_is_not_live_any_more_was_read_of_something_else() -> None:
    held = replace(given_by({"out": "1"}), held=True)
    for live in ({A: held}, {}):
        assert "not live any more" in because_read([ONE], applied_with({"out": "1"}), live.get)


def test_a_record_of_an_older_version_is_behind_only_what_was_applied_after_it() -> None:
    assert because_read([ONE], applied_with(None), {A: given_by({}, minutes=1)}.get) == ""
    assert "does not say" in because_read([ONE], applied_with(None), {A: given_by({}, minutes=2)}.get)


marks = st.dictionaries(st.sampled_from(["out", "other"]), st.sampled_from(["", "1", "2"]))


@given(
    st.sampled_from([ONE, WHOLE]),
    st.none() | marks,
    marks,
    marks.map(lambda some: {name: mark for name, mark in some.items() if mark}),
    st.booleans(),
)
def test_what_was_planned_again_and_is_unchanged_is_not_behind_for_ever(
    edge: Edge, before: dict[str, str] | None, read: dict[str, str], marked: dict[str, str], same: bool
) -> None:
    """A target is planned with what is live; it either says so on record, or by the record nobody is behind."""
    now = replace(given_by(marked), outputs=dict.fromkeys({**marked, **read}, False))
    read = {name: mark and marked.get(name, mark) for name, mark in read.items()}
    if edge.reads_state:
        read = {**dict.fromkeys(now.outputs, ""), **marked, **read}
    else:
        read = {"out": read.get("out", marked.get("out", ""))}
    stood = applied_with(before, id="a2" if same else "a1")
    reading = {A: Reading(entry="a2", outputs=read)}
    after = stood if read_alike(stood.read, reading, {A: now}.get) else replace(stood, read=reading)
    assert because_read([edge], after, {A: now}.get) == ""
