"""`promote:`: who vouches for code, since when, and what begins the count anew."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.decisions.promotion import Proof, live_since, promotion_verdict
from runner.model.entry import Actor, Entry, EntryKind, Result
from runner.model.environment import Promote
from runner.model.names import TargetName
from runner.model.plan import Digests
from runner.model.verdict import Answer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
THERE = TargetName(environment="staging", stack="network")


def entry(hours: int, code: str = "new", **more: object) -> Entry:
    """An apply so many hours ago."""
    names = {name: f"c1:{name}" for name in Digests.__struct_fields__}
    made = {
        "target": THERE,
        "kind": EntryKind.APPLY,
        "result": Result.SUCCEEDED,
        "commit": "a" * 40,
        "law": "b" * 40,
        "actor": Actor(name="someone"),
        "run": "r",
        "at": NOW - timedelta(hours=hours),
        "digests": Digests(**{**names, "code": code}),
    }
    return Entry(**{**made, **more})  # type: ignore[arg-type]


def test_it_is_live_since_the_first_of_its_applies_in_a_row() -> None:
    since, because = live_since("new", [entry(1), entry(2), entry(3), entry(4, "old"), entry(5)])
    assert (since, because) == (NOW - timedelta(hours=3), "")


@pytest.mark.parametrize(
    "between",
    [
        entry(2, result=Result.FAILED),
        entry(2, partial=("terraform_data.x",)),
        entry(2, kind=EntryKind.SURGERY),
        entry(2, kind=EntryKind.DESTROY, digests=None),
    ],
)
def test_what_is_in_between_begins_the_count_anew_and_what_came_last_ends_it(between: Entry) -> None:
    assert live_since("new", [entry(1), between, entry(3)])[0] == NOW - timedelta(hours=1)
    since, because = live_since("new", [between, entry(3)])
    assert since is None
    assert because


@given(st.lists(st.sampled_from(["new", "old"])))
def test_other_code_never_vouches(codes: list[str]) -> None:
    since, _ = live_since("new", [entry(at, code) for at, code in enumerate(codes)])
    assert (since is not None) == (codes[:1] == ["new"])


@pytest.mark.parametrize(("ago", "opens"), [(59, False), (60, True), (600, True)])
def test_it_soaks_as_long_as_is_asked(ago: int, opens: bool) -> None:
    proof = Proof(target=THERE, wished=True, since=NOW - timedelta(minutes=ago))
    found = promotion_verdict(Promote(after=("staging",), soak=3600.0), [proof], NOW)
    assert (found.answer is Answer.ALLOW) is opens
    assert opens or (found.answer, found.code) == (Answer.WAIT, "promotion-soaking")


def test_what_does_not_exist_there_blocks_unless_it_is_let_pass() -> None:
    proofs = [Proof(target=THERE, wished=False)]
    assert promotion_verdict(Promote(after=("staging",)), proofs, NOW).answer is Answer.WAIT
    allowed = Promote(after=("staging", "qa"), missing="allow")
    assert promotion_verdict(allowed, proofs, NOW).answer is Answer.ALLOW
    other = Proof(target=TargetName(environment="qa", stack="network"), wished=True, because="no")
    assert promotion_verdict(allowed, [*proofs, other], NOW).code == "promotion-missing"
