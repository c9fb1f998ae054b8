"""Records go to JSON and come back as they went, and nothing is made that was not listed."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.kit.tagged import Tagged
from runner.model import environment, names, stack
from runner.model.environment import (
    ApplyMode,
    DriftIgnore,
    DriftSettings,
    Freeze,
    Gates,
    Notify,
    TargetWish,
    Wishes,
)
from runner.model.references import Expression, Input, OutputReference, SecretReference
from runner.operations.atlas import RECORDS

NAME = names.TargetName(environment="prod", stack="network")
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))])),
    st.sampled_from([*ApplyMode, *stack.EngineName]),
    st.just(NAME),
    st.frozensets(st.text()),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(st.text(), inner),
        st.builds(lambda value: Input(name="x", value=value), inner),
    ),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_written_is_read_again(value: object) -> None:
    assert RECORDS.read(json.loads(json.dumps(RECORDS.written(value)))) == value


def test_an_environment_with_everything_comes_back() -> None:
    gates = Gates(
        environment="prod",
        branch="main",
        apply=ApplyMode.MANUAL,
        freezes=(Freeze(start=date(2026, 1, 1), end=datetime(2026, 1, 2, tzinfo=UTC), reason="holidays"),),
        drift=DriftSettings(every=6.0, ignore=(DriftIgnore(address="a.*", until=date(2027, 6, 1)),)),
        notify=(Notify(url="https://example.test", on=("failed",)),),
    )
    value = Expression(parts=("a-", OutputReference(target=NAME, output="id", path=("x", 0))))
    secret = Expression(parts=(SecretReference(scheme="env", name="DB"),))
    inputs = {"a": Input(name="a", value=[value, {"b": secret}])}
    wishes = Wishes(
        environment="prod",
        inputs=MappingProxyType(inputs),
        targets={"app": TargetWish(inputs=inputs, depends_on=("prod/network",))},
        removed={"old": "destroy"},
    )
    assert RECORDS.read(json.loads(json.dumps(RECORDS.written((gates, wishes))))) == (gates, wishes)


def test_only_what_was_listed_is_written_and_made() -> None:
    few = Tagged([names.TargetName])
    with pytest.raises(TypeError):
        few.written(environment.Credentials())
    with pytest.raises(TypeError):
        few.written(object())
    for written in ({"@": "Popen", "args": ["true"]}, {"=": ["Popen", "true"]}):
        with pytest.raises(KeyError):
            few.read(written)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="nothing is marked"):
        few.read({"?": 1})
