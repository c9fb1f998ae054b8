"""From an event to what is done: what the forge says counts, whatever the event claims, each with its because."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.decisions.comment_commands import CommandVerb
from runner.decisions.intent import (
    Answer,
    ApplyRequest,
    CatchUp,
    CleanUp,
    IntentFacts,
    Nothing,
    Obey,
    Preview,
    QueueCheck,
    Recount,
    Resume,
    Stage,
    admitted_in,
    intent,
)
from runner.model.environment import ApplyMode, Gates
from runner.model.person import Grant, Permission, Person
from runner.model.pull_request import PullState
from runner.model.rumour import PullAction, Rumour, RumourKind
from tests.decisions.forge_facts import HEAD, OTHER, READ, WRITE, comment, pull

GATES = {
    "dev": Gates(environment="dev", branch="main"),
    "prod": Gates(environment="prod", branch="main", apply=ApplyMode.BEFORE_MERGE),
    "eu": Gates(environment="eu", branch="env/eu"),
    "lab": Gates(environment="lab", branch="lab", apply=ApplyMode.MANUAL),
    "any": Gates(environment="any", branch="*"),
}


def facts(**more: object) -> IntentFacts:
    """What the forge says: an open pull request of somebody who may push."""
    made = {
        "default_branch": "main",
        "gates": GATES,
        "heads": {"main": OTHER, "env/eu": OTHER, "lab": OTHER, "topic": HEAD},
        "pull": pull(),
        "author": WRITE,
        "sender": WRITE,
    }
    return IntentFacts(**{**made, **more})  # type: ignore[arg-type]


def told(pulled: PullAction, **more: object) -> Rumour:
    """An event about the pull request."""
    made = {"kind": RumourKind.PULL_REQUEST, "pull": pulled, "number": 7, "branch": "main", "commit": HEAD}
    return Rumour(**{**made, **more})  # type: ignore[arg-type]


def said(body: str, **more: object) -> tuple[Rumour, IntentFacts]:
    """A comment, and what the forge says of it."""
    return Rumour(kind=RumourKind.COMMENT, number=7, comment="c1", created=True), facts(
        comment=comment(body), **more
    )


OPENING = [PullAction.OPENED, PullAction.PUSHED, PullAction.REOPENED, PullAction.READY, PullAction.EDITED]


@pytest.mark.parametrize("action", OPENING)
@pytest.mark.parametrize("draft", [True, False])
def test_an_open_pull_request_is_previewed_at_the_head_that_the_forge_has(
    action: PullAction, draft: bool
) -> None:
    found = intent(told(action, commit=OTHER), facts(pull=pull(draft=draft)))
    assert isinstance(found, Preview)
    assert found.commit == HEAD
    assert not found.stranger


@pytest.mark.parametrize(
    ("more", "stranger"),
    [
        ({}, False),
        ({"author": READ}, True),
        ({"author": None}, True),
        ({"author": Grant(permission=Permission.NONE, because="403")}, True),
        ({"pull": pull(fork=True)}, True),
    ],
)
def test_a_stranger_is_whom_the_forge_does_not_confirm_and_every_fork(
    more: Mapping[str, object], stranger: bool
) -> None:
    found = intent(told(PullAction.OPENED), facts(**more))
    assert isinstance(found, Preview)
    assert found.stranger is stranger


@pytest.mark.parametrize("action", PullAction)
def test_a_payload_that_claims_merged_applies_nothing_while_the_forge_says_open(action: PullAction) -> None:
    assert isinstance(intent(told(action, action="merged"), facts()), Preview | Nothing)


@pytest.mark.parametrize("action", PullAction)
def test_what_is_merged_is_caught_up_whatever_the_event_says(action: PullAction) -> None:
    found = intent(told(action), facts(pull=pull(state=PullState.MERGED)))
    assert isinstance(found, CatchUp)
    assert found.environments == ("any", "dev", "prod")


def test_what_is_closed_is_cleaned_up_and_what_is_gone_is_nothing() -> None:
    assert isinstance(intent(told(PullAction.CLOSED), facts(pull=pull(state=PullState.CLOSED))), CleanUp)
    assert isinstance(intent(told(PullAction.OPENED), facts(pull=None)), Nothing)
    assert isinstance(intent(told(PullAction.OTHER, action="labeled"), facts()), Nothing)


def test_a_branch_that_no_environment_applies_is_still_checked() -> None:
    found = intent(told(PullAction.OPENED), facts(pull=pull(into="docs")))
    assert isinstance(found, Nothing)
    assert found.check == HEAD


@pytest.mark.parametrize(
    ("branch", "environments"),
    [
        ("main", ("any", "dev", "prod")),
        ("env/eu", ("eu",)),
        ("lab", None),
        ("topic", None),
        ("gone", None),
        ("", None),
    ],
)
def test_a_push_catches_up_what_its_branch_applies_to(
    branch: str, environments: tuple[str, ...] | None
) -> None:
    found = intent(Rumour(kind=RumourKind.PUSH, branch=branch, commit=HEAD), facts())
    if environments is None:
        assert isinstance(found, Nothing)
        assert found.because
    else:
        assert isinstance(found, CatchUp)
        assert found.environments == environments


def test_a_fresh_branch_is_mapped_by_the_gates_and_by_nothing_that_it_brings() -> None:
    heads = {"main": OTHER, "env/prod": HEAD}
    assert isinstance(intent(Rumour(kind=RumourKind.PUSH, branch="env/prod"), facts(heads=heads)), Nothing)


def test_the_queue_the_schedule_a_review_and_a_hand_have_their_answers() -> None:
    queued = Rumour(kind=RumourKind.MERGE_QUEUE, branch="main", commit=OTHER)
    assert intent(queued, facts()) == QueueCheck(
        commit=OTHER, into="main", because="it is in the merge queue of `main`"
    )
    assert intent(Rumour(kind=RumourKind.MERGE_QUEUE, branch="docs", commit=OTHER), facts()) == Nothing(
        because="no environment applies what is merged into `docs`", check=OTHER
    )
    assert isinstance(intent(Rumour(kind=RumourKind.SCHEDULE), facts(pull=None)), Resume)
    review = Rumour(kind=RumourKind.REVIEW, number=7)
    assert isinstance(intent(review, facts()), Recount)
    assert isinstance(intent(review, facts(pull=pull(state=PullState.MERGED))), Recount)
    assert isinstance(intent(review, facts(pull=pull(state=PullState.CLOSED))), Nothing)
    by_hand = Rumour(kind=RumourKind.MANUAL, inputs={"selector": "prod dev/app"})
    assert intent(by_hand, facts()) == Resume(because="started by hand", selectors=("prod", "dev/app"))
    assert isinstance(intent(Rumour(kind=RumourKind.MANUAL, inputs={"pull_request": "7"}), facts()), Preview)
    assert isinstance(intent(Rumour(kind=RumourKind.OTHER, name="star"), facts()), Nothing)


def test_a_comment_is_obeyed_answered_or_let_be() -> None:
    assert isinstance(intent(*said("looks good")), Nothing)
    preview = intent(*said(f"runner preview prod {HEAD}"))
    assert isinstance(preview, Preview)
    assert (preview.selectors, preview.named) == (("prod",), HEAD)
    obeyed = intent(*said("runner unlock prod/db"))
    assert isinstance(obeyed, Obey)
    assert obeyed.command.verb is CommandVerb.UNLOCK
    assert isinstance(intent(*said("runner apply", sender=None)), Answer)
    assert isinstance(intent(*said("runner apply", sender=READ)), Answer)
    bare = intent(*said("runner apply", author=READ))
    assert isinstance(bare, Answer)
    assert bare.line == f"runner apply {HEAD}"


def test_the_comment_is_the_one_that_the_forge_has_and_not_the_events() -> None:
    rumour, known = said("runner apply --merge prod/db")
    assert intent(rumour, known) == ApplyRequest(
        number=7,
        commit=HEAD,
        because=f"`{known.comment.author.login}` asks for it" if known.comment else "",
        selectors=("prod/db",),
        merge=True,
    )
    assert isinstance(admitted_in(Stage.PUBLISH, intent(rumour, known)), Nothing)
    assert isinstance(
        intent(Rumour(kind=RumourKind.COMMENT, number=7, comment="c2", created=True), known), Nothing
    )
    assert isinstance(intent(Rumour(kind=RumourKind.COMMENT, number=7, comment="c1"), known), Nothing)
    assert isinstance(intent(rumour, facts()), Nothing)
    assert isinstance(intent(rumour, facts(pull=None, comment=comment("runner apply"))), Nothing)


def test_applying_by_comment_is_for_environments_that_apply_before_a_merge() -> None:
    found = intent(*said("runner apply", pull=pull(into="env/eu")))
    assert isinstance(found, Answer)
    assert "merge it" in found.because
    assert isinstance(intent(*said("runner apply", pull=pull(state=PullState.MERGED, into="env/eu"))), Answer)
    assert isinstance(intent(*said("runner preview", pull=pull(state=PullState.MERGED))), Answer)


def test_a_rerun_and_a_duplicate_come_to_the_same() -> None:
    for rumour in (told(PullAction.OPENED), Rumour(kind=RumourKind.PUSH, branch="main")):
        again = Rumour(**{each: getattr(rumour, each) for each in rumour.__struct_fields__} | {"rerun": True})
        assert intent(rumour, facts()) == intent(again, facts())


RUMOURS = st.builds(
    Rumour,
    kind=st.sampled_from(RumourKind),
    pull=st.sampled_from(PullAction),
    action=st.sampled_from(["merged", "closed", "opened"]),
    number=st.sampled_from([0, 7, 8]),
    branch=st.sampled_from(["main", "env/eu", "topic", "env/prod", ""]),
    commit=st.sampled_from([HEAD, OTHER, ""]),
    comment=st.sampled_from(["", "c1", "c2"]),
    created=st.booleans(),
    rerun=st.booleans(),
    inputs=st.sampled_from([{}, {"selector": "prod"}, {"pull_request": "7"}]),
)
BODIES = st.sampled_from(
    [None, "runner apply", f"runner apply {HEAD}", "runner approve prod/a c1:12345678", "hello"]
)


@given(RUMOURS, st.sampled_from(PullState), st.booleans(), st.sampled_from([WRITE, READ, None]), BODIES)
def test_no_event_opens_what_the_forge_does_not_confirm(
    rumour: Rumour, state: PullState, fork: bool, sender: Grant | None, body: str | None
) -> None:
    said_by = comment(body) if body else None
    known = facts(pull=pull(state=state, fork=fork), sender=sender, comment=said_by)
    found = intent(rumour, known)
    assert found.because
    match found:
        case CatchUp():
            assert found.branch in known.heads
            assert all(GATES[each].apply is not ApplyMode.MANUAL for each in found.environments)
            assert rumour.kind is RumourKind.PUSH or state is PullState.MERGED
        case Obey():
            assert sender is WRITE
            assert rumour.created
            assert rumour.comment == "c1"
            fresh = found.command.verb is not CommandVerb.APPLY or state is not PullState.OPEN or not fork
            assert fresh or found.command.commit == HEAD
        case Preview():
            assert found.commit == HEAD
            assert state is PullState.OPEN
            assert found.stranger is fork
        case _:
            pass
    for stage in Stage:
        refused = admitted_in(stage, found)
        if refused is None and stage is not Stage.ALL:
            assert (stage is Stage.APPLY) is isinstance(found, CatchUp | Resume) or isinstance(
                found, Nothing | Obey
            )


def test_each_stage_does_its_own_and_says_why_it_does_no_other() -> None:
    preview = intent(told(PullAction.OPENED), facts())
    catching_up = intent(Rumour(kind=RumourKind.PUSH, branch="main"), facts())
    assert [admitted_in(stage, preview) is None for stage in Stage] == [True, True, False, True]
    assert [admitted_in(stage, catching_up) is None for stage in Stage] == [False, False, True, True]
    for line in ("lock prod/a why", "unlock prod/a", "cancel", "freeze prod why", "thaw prod"):
        obeyed = intent(*said(f"runner {line}"))
        assert [admitted_in(stage, obeyed) is None for stage in Stage] == [False, False, True, True]


def test_who_starts_a_preview_by_hand_may_name_a_stranger_s_commit() -> None:
    theirs = pull(fork=True)

    def by_hand(commit: str, sender: str = "rita", grant: Grant = WRITE) -> object:
        rumour = Rumour(
            kind=RumourKind.MANUAL,
            inputs={"pull_request": "7", "commit": commit},
            sender=Person(login=sender, id="9"),
        )
        return intent(rumour, facts(pull=theirs, sender=grant))

    found = by_hand(HEAD)
    assert isinstance(found, Preview)
    assert (found.named, found.stranger) == (HEAD, True)
    assert isinstance(by_hand(OTHER), Nothing)
    assert isinstance(by_hand(HEAD, grant=READ), Nothing)
    assert isinstance(by_hand(HEAD, sender=theirs.author.login), Nothing)
