"""Law 15: whatever a stranger writes, no sink obeys it."""

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.report.safe_text import ci_log, code_block, json_text, one_line, terminal

UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
ANY = st.text(st.characters())
NASTY = st.text(
    st.sampled_from("a:# [\x1b\r\n\t\x07\x7f\x85\x9b\u200b\u202e\u2028\u2066\ud800\ufeff|`<>@!*_\\&")
)
FRAGMENTS = ["::", "##[", "##vso[", "##", ":", "\n", "\r", " ", "\t", "a", "\u2028"]
COMMANDS = st.lists(st.sampled_from(FRAGMENTS)).map("".join)


def unseen(text: str, but: str = "") -> list[str]:
    return [each for each in text if unicodedata.category(each) in UNSEEN and each not in but]


@given(ANY | NASTY)
def test_nothing_unseen_reaches_a_terminal_but_line_feeds_and_tabs(text: str) -> None:
    assert not unseen(terminal(text), but="\n\t")
    assert not unseen(one_line(text))


@given(ANY | NASTY)
def test_text_that_was_made_safe_once_stays_as_it_is(text: str) -> None:
    assert one_line(one_line(text)) == one_line(text)
    assert ci_log(ci_log(text)) == ci_log(text)


@given(COMMANDS | NASTY)
def test_no_line_of_a_ci_log_is_a_workflow_command(text: str) -> None:
    for line in ci_log(text).split("\n"):
        assert not line.lstrip().startswith("::")
        assert not re.search(r"##[A-Za-z.]*\[", line)


@given(ANY | NASTY, ANY | NASTY)
def test_a_code_block_ends_only_where_it_ends(before: str, after: str) -> None:
    block = code_block(f"{before}\n```\n`````\n{after}", "diff")
    fence = block.split("diff")[0]
    assert len(fence) > 5
    assert block.count(fence) == 2
    assert block.endswith("\n" + fence)


@given(st.recursive(st.none() | st.booleans() | st.integers() | ANY | NASTY, st.lists))
def test_json_is_one_line_of_ascii_and_says_the_same(value: object) -> None:
    text = json_text(value)  # type: ignore[arg-type]
    assert text.isascii()
    assert all(" " <= each <= "~" for each in text)
    assert json.loads(text) == value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\rb", "a\\rb"),
        ("user\u202egnp.exe", "user\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\u9b31\u00e9 stays", "\u9b31\u00e9 stays"),
    ],
)
def test_what_was_hidden_is_shown(text: str, shown: str) -> None:
    assert terminal(text) == shown


def test_commands_of_several_ci_systems_are_disarmed_and_readable() -> None:
    assert ci_log("ok\n  ::add-mask::x\n##vso[task]\n##[error]e\na::b") == (
        "ok\n  \\::add-mask::x\n#\\#vso[task]\n#\\#[error]e\na::b"
    )
