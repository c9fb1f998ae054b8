"""Whose approval counts: for what was shown, by somebody else, whom the forge confirms; else why it does not."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from runner.decisions.approvals import NamedApproval, standing
from runner.decisions.code_owners import read_code_owners
from runner.model.approval import Standing
from runner.model.change import Change, ChangeKind
from runner.model.person import NO_ONE, Grant, Membership, Permission, Person
from runner.model.plan import Planned
from runner.model.pull_request import Review, ReviewState
from tests.decisions.forge_facts import (
    ALICE,
    APP,
    BOB,
    CAROL,
    DAVE,
    DIGESTS,
    HEAD,
    NETWORK,
    OTHER,
    READ,
    WRITE,
    approving,
    commit,
    contributions,
    facts,
    minutes,
    pull,
    review,
    showing,
)

IN_TEAM = {("bob", "acme/platform"): Membership(confirmed=True)}


def because(found: Standing, login: str = "bob") -> str:
    """Why somebody's review does not count."""
    [each] = [each for each in found.reviews if each.login == login]
    assert not each.counts
    return each.because


def test_somebody_elses_approval_of_what_was_shown_counts() -> None:
    found = standing(approving(), facts(review()))
    assert found.open
    assert found.approvers == ("bob",)


def test_two_are_two_people_however_often_each_approves() -> None:
    twice = facts(review(id="1"), review(id="2", submitted_at=minutes(9)))
    assert standing(approving(2), twice).missing == ("1 more approval",)
    named = NamedApproval(person=BOB, target=NETWORK, digest=DIGESTS.plan, at=minutes(9))
    assert not standing(approving(2), facts(review(), named=(named,))).open
    assert standing(approving(2), facts(review(), review(CAROL))).open


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"pull": pull(author=BOB)}, "opened it"),
        ({"pull": pull(author=Person(login="BOB"))}, "opened it"),
        ({"contributions": contributions(commit(author=BOB))}, "authored"),
        ({"contributions": contributions(commit(committer=BOB))}, "committed"),
        ({"contributions": contributions(commit(pusher=BOB))}, "pushed"),
        ({"contributions": contributions(pushers=(ALICE, BOB))}, "pushed to it"),
        ({"contributions": contributions(commit(), commit(author=Person(login="robert", id="2")))}, "authored"),
    ],
)  # fmt: skip
def test_nobody_approves_what_is_partly_their_own(part: Mapping[str, object], said: str) -> None:
    found = standing(approving(), facts(review(), **part))
    assert not found.open
    assert said in because(found)


@pytest.mark.parametrize(
    "unknown",
    [
        contributions(complete=False),
        contributions(commit(pusher=NO_ONE), pushers=None, because="it needs a scope"),
        replace(contributions(), commits=(), pushers=None),
    ],
)
def test_where_it_is_not_known_who_pushed_nobodys_approval_counts(unknown: object) -> None:
    found = standing(approving(), facts(review(), contributions=unknown))
    assert not found.open
    assert not found.approvers
    assert any("the forge does not" in each for each in found.missing)


def test_a_commit_in_somebody_elses_name_does_not_hide_who_pushed_it() -> None:
    forged = contributions(commit(author=ALICE, committer=ALICE, pusher=BOB))
    assert not standing(approving(), facts(review(), contributions=forged)).open
    unlinked = contributions(commit(author=NO_ONE, committer=NO_ONE))
    assert standing(approving(), facts(review(), contributions=unlinked)).open


@pytest.mark.parametrize("grant", [READ, Grant(permission=Permission.NONE, because="403"), None])
def test_a_reader_and_one_whom_the_forge_does_not_confirm_do_not_count(grant: Grant | None) -> None:
    found = standing(approving(), facts(review(), grants={"bob": grant} if grant else {}))
    assert "may not write here" in because(found)


def test_a_program_does_not_count() -> None:
    bot = Person(login="approve[bot]", bot=True)
    found = standing(approving(), facts(review(bot), grants={"approve[bot]": WRITE}))
    assert "is a program" in because(found, "approve[bot]")


def test_who_is_asked_is_a_team_as_the_forge_confirms_it() -> None:
    asked = approving(teams=("@acme/platform",))
    assert not standing(asked, facts(review())).open
    refused = {("bob", "acme/platform"): Membership(confirmed=False, because="403")}
    assert not standing(asked, facts(review(), memberships=refused)).open
    assert standing(asked, facts(review(), memberships=IN_TEAM)).open
    assert standing(approving(teams=("@Bob",)), facts(review())).open
    assert not standing(approving(teams=("@carol",)), facts(review())).open


@pytest.mark.parametrize("name", ["changes", "outputs", "code", "inputs", "engine", "lineage"])
def test_an_approval_does_not_stand_where_a_digest_is_another_one(name: str) -> None:
    now = replace(DIGESTS, plan="c1:other", **{name: "c1:other"})
    found = standing(approving(digests=now), facts(review()))
    assert "outdated" in because(found)
    assert name in because(found)
    assert found.missing == ("1 more approval",)


def test_approve_then_push_a_provisioner_does_not_count() -> None:
    pushed = replace(DIGESTS, code="c1:with-local-exec", plan="c1:other")
    after = facts(
        review(), pull=pull(head_commit=OTHER), showings=(showing(), showing(6, OTHER, network=pushed))
    )
    assert "code" in because(standing(approving(digests=pushed), after))


def test_a_push_that_leaves_this_target_as_it_was_leaves_its_approval() -> None:
    moved = replace(DIGESTS, code="c1:new", plan="c1:new")
    showings = (showing(network=DIGESTS, app=DIGESTS), showing(6, OTHER, network=DIGESTS, app=moved))
    after = facts(review(outdated=True), pull=pull(head_commit=OTHER), showings=showings)
    assert standing(approving(), after).open
    assert not standing(approving(target=APP, digests=moved), after).open


def test_what_was_shown_when_it_was_submitted_counts_and_nothing_later() -> None:
    later = facts(review(), showings=(showing(0, network=replace(DIGESTS, code="c1:old")), showing(6)))
    assert "outdated" in because(standing(approving(), later))
    assert "before anything was shown" in because(
        standing(approving(), facts(review(), showings=(showing(6),)))
    )
    other = facts(review(commit=OTHER))
    assert "while the comment showed" in because(standing(approving(), other))
    assert "not shown in full" in because(standing(approving(target=APP), facts(review())))
    assert "does not say when" in because(standing(approving(), facts(review(submitted_at=None))))


def test_the_last_word_counts_and_a_comment_is_none() -> None:
    comment = review(state=ReviewState.COMMENTED, submitted_at=minutes(9))
    assert standing(approving(), facts(review(), comment)).open
    taken_back = review(state=ReviewState.DISMISSED, submitted_at=minutes(9))
    assert "dismissed" in because(standing(approving(), facts(review(), taken_back)))


def test_who_may_and_asks_for_changes_holds_it_up() -> None:
    against = review(CAROL, state=ReviewState.CHANGES_REQUESTED)
    assert "`carol` asks for changes" in standing(approving(), facts(review(), against)).missing
    stranger = review(Person(login="eve"), state=ReviewState.CHANGES_REQUESTED)
    assert standing(approving(), facts(review(), stranger)).open


def test_more_losses_than_are_let_pass_want_an_approval_that_names_the_plan() -> None:
    lost = tuple(Change(address=f"a.{kind}", kind=kind) for kind in (ChangeKind.DELETE, ChangeKind.UNKNOWN))
    asked = approving(0, destroys=1, changes=lost)
    assert f"runner approve prod/network {DIGESTS.plan}" in standing(asked, facts(review())).missing[0]
    named = NamedApproval(person=BOB, target=NETWORK, digest=DIGESTS.plan, at=minutes(6))
    assert standing(asked, facts(named=(named,))).open
    for wrong in (
        replace(named, person=ALICE),
        replace(named, digest="c1:other"),
        replace(named, target=APP),
    ):
        assert not standing(asked, facts(named=(wrong,))).open
    assert standing(approving(0, destroys=2, changes=lost), facts()).open


def test_owners_of_the_files_that_reach_a_target_approve_it() -> None:
    owners = read_code_owners("* @carol\n/stacks/network/ @acme/net\n", "github", "CODEOWNERS")
    asked = approving(1, codeowners=True, paths=("stacks/network/main.tf", "README.md"))
    in_net = {("bob", "acme/net"): Membership(confirmed=True)}
    found = standing(asked, facts(review(), owners=owners, memberships=in_net))
    assert len(found.missing) == 1
    assert "`@carol`, who owns `README.md`" in found.missing[0]
    assert standing(asked, facts(review(), review(CAROL), owners=owners, memberships=in_net)).open
    assert len(standing(asked, facts(review(DAVE), owners=owners)).missing) == 2


def test_no_owners_file_and_one_that_cannot_be_believed_close() -> None:
    asked = approving(0, codeowners=True)
    assert standing(asked, facts()).missing == (
        "`codeowners` is required, and the default branch has no CODEOWNERS",
    )
    broken = read_code_owners("!a @b", "github", "CODEOWNERS")
    assert "cannot be believed" in standing(asked, facts(owners=broken)).missing[0]


def test_code_that_was_approved_by_itself_does_not_undo_an_approval_unless_a_value_is_unknown() -> None:
    now = replace(DIGESTS, code="c1:merged-meanwhile", plan="c1:other")
    assert standing(approving(digests=now, code_approved=True), facts(review())).open
    unknown = Planned(
        changes=(Change(address="a.b", kind=ChangeKind.CREATE, unknown_paths=(("id",),)),),
        outputs=(),
        changed=True,
        complete=True,
    )
    assert not standing(approving(digests=now, code_approved=True, planned=unknown), facts(review())).open


PEOPLE = [ALICE, BOB, CAROL, DAVE, Person(login="eve"), NO_ONE, Person(login="b", bot=True)]
REVIEWS = st.builds(
    Review,
    author=st.sampled_from(PEOPLE),
    state=st.sampled_from(ReviewState),
    commit=st.sampled_from([HEAD, OTHER]),
    submitted_at=st.sampled_from([None, *map(minutes, range(-2, 8))]),
)


@given(
    st.lists(REVIEWS, max_size=6),
    st.lists(st.builds(commit, *[st.sampled_from(PEOPLE)] * 3), min_size=1, max_size=3),
    st.integers(1, 3),
    st.booleans(),
)
def test_whatever_happens_only_others_who_may_and_saw_the_plan_open_it(
    reviews: list[Review], commits: list[object], count: int, pushers: bool
) -> None:
    parts = contributions(*commits, pushers=(ALICE,) if pushers else None)  # type: ignore[arg-type]
    found = standing(approving(count), facts(*reviews, contributions=parts))
    own = {
        who.login
        for each in parts.commits
        for who in (each.author.account, each.committer.account, each.pusher)
    }
    assert not set(found.approvers) & (own | {"alice", "eve", "b", ""})
    if found.open:
        assert len(set(found.approvers)) >= count
        assert pushers or all(each.pusher.login for each in parts.commits)
    for login in found.approvers:
        last = [each for each in reviews if each.author.login == login and each.state is ReviewState.APPROVED]
        assert any(
            each.commit == HEAD and each.submitted_at and each.submitted_at >= minutes(0) for each in last
        )
    assert all(each.because for each in found.reviews)
