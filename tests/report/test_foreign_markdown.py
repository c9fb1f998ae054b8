"""Law 15 in markdown, asked of a real parser: foreign text is seen as it is written, and nothing is made of it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.report.markdown_parts import bullets, folded, joined, table
from runner.report.safe_text import code, code_block, html_code, markdown, one_line
from tests.report.forge_reading import read, trespasses

PIECES = [
    "`",
    "``",
    "|",
    "\\",
    "\\|",
    "\n",
    "\t",
    " ",
    "@bob",
    "#1",
    "!2",
    "<img>",
    "</details>",
    "<!--",
    "-->",
    "*",
    "_",
]
PIECES += [
    "::add-mask::x",
    "\x1b[2J",
    "\u202e",
    "\u200b",
    "https://x.y",
    "www.x.y",
    "a@b.c",
    "[a](b)",
    "~~",
    "&#64;",
    "a",
    "1.",
]
PIECES += [
    "GH-1",
    "AB-12",
    "deadbeef",
    ":+1:",
    "$x",
    "%5",
    "~l",
    "^a",
    "---",
    "# h",
    "> q",
    "- l",
    "\u3000",
    "\xa0",
    "é",
    "鬱",
]
FOREIGN = st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(st.characters(), max_size=20)


@example("`@bob``#1`")
@example("\\`|\\`")
@given(FOREIGN)
def test_words_hold_no_mention_reference_link_or_element(text: str) -> None:
    reading = read(f"before {markdown(text)} after")
    assert not trespasses(reading)
    assert set(reading.elements) <= {"p", "code"}
    seen = "".join(reading.prose.split()) + "".join("".join(reading.code).split())
    assert (
        sorted(seen) == sorted("beforeafter" + "".join(one_line(text).split()).replace("`", ""))
        or "`" in text
    )


@given(FOREIGN, FOREIGN)
def test_a_cell_ends_where_it_ends(first: str, second: str) -> None:
    rows = [[code(first, cell=True) or "-", markdown(second, cell=True) or "-"]] * 2
    reading = read(table(("a", "b"), rows))
    assert reading.elements.count("td") == 4
    assert reading.elements.count("tr") == 3
    assert not trespasses(reading)


@given(FOREIGN.filter(lambda text: bool(one_line(text).strip())), st.booleans())
def test_code_says_what_the_text_says(text: str, in_a_cell: bool) -> None:
    spelled = code(text, cell=in_a_cell)
    reading = read(table(("a",), [[spelled]]) if in_a_cell else f"x {spelled} y")
    assert reading.code == [one_line(text)]


@given(FOREIGN, FOREIGN)
def test_nothing_gets_out_of_a_folded_part(summary: str, body: str) -> None:
    parts = joined([folded(html_code(summary), code_block(body, "diff")), "after"])
    reading = read(parts)
    assert not trespasses(reading)
    assert reading.elements.count("details") == 1
    assert reading.prose.strip().endswith("after")


@given(st.lists(FOREIGN, min_size=1, max_size=4))
def test_a_list_has_as_many_lines_as_were_said(lines: list[str]) -> None:
    reading = read(bullets(f"x {markdown(each)}" for each in lines))
    assert reading.elements.count("li") == len(lines)
    assert not trespasses(reading)


@given(FOREIGN)
def test_no_tab_gets_into_markdown(text: str) -> None:
    assert "\t" not in markdown(text) + code(text) + html_code(text) + code_block(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Fix #12 for @bob", "Fix `#12` for `@bob`"),
        ("`prod/db` was destroyed by hand", "`prod/db` was destroyed by hand"),
        ("re-created, at 1,000 places.", "re&#45;created, at 1,000 places&#46;"),
        ("a\nb", "`a\\nb`"),
    ],
)
def test_plain_words_stay_readable(text: str, shown: str) -> None:
    assert markdown(text) == shown
