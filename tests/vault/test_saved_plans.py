"""Saved plans: kept sealed, opened only for what they are plans of."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from runner.conformance.state_store import NESTED, NETWORK, refused
from runner.errors import AskedWrongly
from runner.git import Edit
from runner.kit.crypto import generate, ring_of
from runner.model.plan import StateFacts
from runner.vault.plan_seal import PlanSeal, SavedPlan, written_label
from runner.vault.plans import GitPlans, plans_ref
from tests.vault.store_benches import KEYS, GitPlace

SEAL = PlanSeal(keys=KEYS, ledger="ledger-1", max_bytes=1 << 20)
PLAN = SavedPlan(
    target=NETWORK,
    digest="c1:ab",
    commit="0" * 40,
    state=StateFacts(lineage="l", serial=3, digest="d"),
    made_at=datetime(2026, 1, 2, tzinfo=UTC),
    engine="terraform 1.15.5",
    content=b"zip with a canary",
)


def test_a_plan_in_git_is_found_by_its_target_and_by_nobody_without_the_key(git_place: GitPlace) -> None:
    plans = GitPlans(git_place.refs(), SEAL)
    other = replace(PLAN, target=NESTED, content=b"other")
    assert git_place.deliver([plans.keep("12", PLAN), plans.keep("12", other)])
    again = GitPlans(git_place.refs(), SEAL)
    assert again.find("12", NETWORK) == PLAN
    assert again.find("12", NESTED) == other
    assert again.find("13", NETWORK) is None
    assert again.labels("12", "prod") == (replace(other, content=b""), replace(PLAN, content=b""))
    for _, content in git_place.refs().blobs(plans_ref("12")).values():
        assert b"canary" not in content
    with pytest.raises(AskedWrongly):
        GitPlans(git_place.refs(), replace(SEAL, keys=ring_of(generate()))).find("12", NETWORK)


def test_a_newer_plan_takes_the_place_of_the_older_and_can_be_discarded(git_place: GitPlace) -> None:
    plans = GitPlans(git_place.refs(), SEAL)
    assert git_place.deliver([plans.keep("hand-1", PLAN)])
    newer = replace(PLAN, digest="c1:cd", content=b"newer")
    assert git_place.deliver([plans.keep("hand-1", newer)])
    assert GitPlans(git_place.refs(), SEAL).find("hand-1", NETWORK) == newer
    assert git_place.deliver([plans.discard("hand-1", NETWORK)])
    assert GitPlans(git_place.refs(), SEAL).find("hand-1", NETWORK) is None


def test_a_label_that_was_changed_or_swapped_is_noticed(git_place: GitPlace) -> None:
    plans = GitPlans(git_place.refs(), SEAL)
    folder = "plans/prod/network"
    for label in (
        written_label(replace(PLAN, digest="c1:forged")),
        written_label(replace(PLAN, state=replace(PLAN.state, serial=4))),
        written_label(replace(PLAN, target=NESTED)),
        b"{}",
        b"[]",
        b"\xff",
        None,
    ):
        assert git_place.deliver([plans.keep("12", PLAN)])
        assert git_place.deliver([Edit(ref=plans_ref("12"), changes={f"{folder}.json": label})])
        refused("plan-not-authentic", lambda: GitPlans(git_place.refs(), SEAL).find("12", NETWORK))


def test_another_targets_plan_does_not_open(git_place: GitPlace) -> None:
    plans = GitPlans(git_place.refs(), SEAL)
    assert git_place.deliver([plans.keep("12", PLAN), plans.keep("12", replace(PLAN, target=NESTED))])
    found = git_place.refs().blob(plans_ref("12"), "plans/prod/eu%2Fnetwork.sealed")
    assert found is not None
    assert git_place.deliver([Edit(ref=plans_ref("12"), changes={"plans/prod/network.sealed": found[1]})])
    refused("plan-not-authentic", lambda: GitPlans(git_place.refs(), SEAL).find("12", NETWORK))


def test_a_plan_over_the_limit_is_refused_by_name() -> None:
    refused("plan-too-large", lambda: replace(SEAL, max_bytes=1000).seal(replace(PLAN, content=bytes(1000))))
