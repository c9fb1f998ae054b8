"""What a comment may ask for: as it was first written, on one line, by who may, of the commit that was read."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.decisions.comment_commands import Command, CommandVerb, NoCommand, Refused, command_of
from runner.model.person import Grant, Permission, Person
from runner.model.pull_request import PullState
from tests.decisions.forge_facts import ALICE, HEAD, OTHER, READ, asked, minutes, pull


def obeyed(body: str, **more: object) -> Command:
    found = command_of(asked(body, **more))  # type: ignore[arg-type]
    assert isinstance(found, Command), found
    return found


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ("runner help", Command(verb=CommandVerb.HELP)),
        ("runner preview\n", Command(verb=CommandVerb.PREVIEW)),
        ("runner preview prod stacks/app", Command(verb=CommandVerb.PREVIEW, selectors=("prod", "stacks/app"))),
        (f"runner apply {HEAD}", Command(verb=CommandVerb.APPLY, commit=HEAD)),
        ("runner apply !prod/legacy-* prod", Command(verb=CommandVerb.APPLY, selectors=("!prod/legacy-*", "prod"))),
        (
            "runner approve prod/db c1:0123abcd",
            Command(verb=CommandVerb.APPROVE, selectors=("prod/db",), digest="c1:0123abcd"),
        ),
        (
            "runner freeze env/prod the bank -- is closed",
            Command(verb=CommandVerb.FREEZE, selectors=("env/prod",), reason="the bank -- is closed"),
        ),
        ("runner lock prod/db", Command(verb=CommandVerb.LOCK, selectors=("prod/db",))),
        ("runner cancel", Command(verb=CommandVerb.CANCEL)),
    ],
)  # fmt: skip
def test_one_line_asks_for_one_thing(body: str, command: Command) -> None:
    assert obeyed(body) == command


@pytest.mark.parametrize(
    "body",
    [
        "> runner apply",
        "```\nrunner apply\n```",
        "`runner apply`",
        "    runner apply",
        "\trunner apply",
        " runner apply",
        "\nrunner apply",
        "please runner apply",
        "runner apply\nrunner approve prod/db c1:0123abcd",
        "runner apply\n\n<!-- hidden -->",
        "runner apply\r\nx",
        "runner apply \u202eprod",
        "runner apply\u2028prod",
        "runner apply\x1b[2J",
        "runner\u200b apply",
        "runner apply <!--\n-->",
        "runner apply " + "x" * 1_000,
        "Runner apply",
        "/runner apply",
        "runners apply",
        "",
    ],
)
def test_what_is_quoted_fenced_hidden_or_more_than_a_line_is_a_conversation(body: str) -> None:
    assert isinstance(command_of(asked(body)), NoCommand)


def test_an_edited_comment_is_never_obeyed() -> None:
    for changed in ({"edited": True}, {"updated_at": minutes(1)}, {"created": False}):
        assert isinstance(command_of(asked("runner apply", **changed)), NoCommand)


def test_a_program_and_nobody_are_not_obeyed_nor_answered() -> None:
    for author in (Person(login="renovate[bot]", bot=True), Person(login="")):
        assert isinstance(command_of(asked("runner apply", author)), NoCommand)


@pytest.mark.parametrize("permission", [Permission.NONE, Permission.READ])
@pytest.mark.parametrize("verb", CommandVerb)
def test_a_reader_is_answered_and_not_obeyed(permission: Permission, verb: CommandVerb) -> None:
    found = command_of(asked(f"runner {verb} prod/db {HEAD}", grant=Grant(permission=permission)))
    assert isinstance(found, Refused)
    assert not found.line


@pytest.mark.parametrize("verb", ["preview", "apply"])
def test_a_strangers_code_runs_only_by_the_commit_that_was_read(verb: str) -> None:
    bare = command_of(asked(f"runner {verb} prod/db", stranger=True))
    assert isinstance(bare, Refused)
    assert bare.line == f"runner {verb} prod/db {HEAD}"
    assert obeyed(bare.line, stranger=True).commit == HEAD
    late = command_of(asked(bare.line, stranger=True, pull=pull(head_commit=OTHER)))
    assert isinstance(late, Refused)
    assert not late.line, "a line with the new commit would be copied unread"


def test_a_short_commit_is_no_commit_and_no_selector() -> None:
    for short in (HEAD[:7], HEAD[:39], HEAD.upper()):
        assert isinstance(command_of(asked(f"runner preview {short}", stranger=True)), Refused)


def test_a_stranger_does_not_admit_their_own_code() -> None:
    found = command_of(asked("runner preview", ALICE, stranger=True))
    assert isinstance(found, Refused)
    assert not found.line
    assert isinstance(command_of(asked(f"runner preview {HEAD}", ALICE, stranger=True, grant=READ)), Refused)


@pytest.mark.parametrize(
    "word", ["--yes", "-x", "--break-glass", "$(id)", ";id", "a;b", "`id`", "a|b", "../x", "a/../b", "{a}&", "~root"]
)  # fmt: skip
def test_no_option_and_no_shell_gets_into_an_argument_list(word: str) -> None:
    assert isinstance(command_of(asked(f"runner preview {word}")), Refused)


def test_an_approval_names_one_target_and_its_digest() -> None:
    for body in (
        "runner approve",
        "runner approve prod/db",
        "runner approve prod/a prod/b c1:0123abcd",
        "runner approve c1:0123abcd",
    ):
        found = command_of(asked(body))
        assert isinstance(found, Refused)
        assert found.line.startswith("runner approve ")


def test_a_freeze_without_a_reason_and_a_lock_of_nothing_are_answered() -> None:
    for body in ("runner freeze env/prod", "runner freeze", "runner lock", "runner frobnicate", "runner"):
        assert isinstance(command_of(asked(body)), Refused)


def test_too_many_commands_in_an_hour_are_not_taken() -> None:
    assert isinstance(command_of(asked("runner preview", recent=20, most=20)), Refused)


def test_a_closed_pull_request_runs_nothing() -> None:
    assert isinstance(command_of(asked("runner preview", pull=pull(state=PullState.CLOSED))), Refused)


@example("runner apply -x")
@given(
    st.text()
    | st.lists(
        st.sampled_from(["runner", "apply", "approve", HEAD, "-x", "\n", " ", "> ", "c1:12345678", "prod/a"])
    ).map("".join)
)
def test_whatever_is_written_what_comes_out_is_plain_words(body: str) -> None:
    found = command_of(asked(body, stranger=True))
    if isinstance(found, Command):
        assert all(
            not each.startswith("-") and each.isprintable() and " " not in each for each in found.selectors
        )
        assert found.commit in ("", HEAD)
        assert body.startswith("runner")
        assert found.verb not in ("preview", "apply") or found.commit == HEAD
