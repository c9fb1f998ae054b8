"""A mistake is one sentence, a place, the line with a caret, and a way out."""

from hypothesis import given
from hypothesis import strategies as st

from runner.diagnostics import Diagnostic, Severity, Span
from runner.report.diagnostics_text import diagnostic_lines
from runner.report.styled import columns, plain
from tests.report.samples import HOSTILE

PROBLEM = Diagnostic(
    code="unknown-key",
    message="`brunch` is no key of an environment",
    span=Span(file="environments/prod.yaml", line=3, column=3, end_line=3, end_column=9),
    hint="did you mean `branch`?",
    source="  brunch: main",
)


def test_a_problem_has_its_sentence_place_line_caret_and_hint() -> None:
    lines = plain(diagnostic_lines([PROBLEM])).split("\n")
    assert lines[0] == "error[unknown-key]: `brunch` is no key of an environment"
    assert lines[1].strip() == "environments/prod.yaml:3:3"
    assert lines[3].count("^") == 6
    assert lines[2].index("brunch") == lines[3].index("^")
    assert lines[4] == "hint: did you mean `branch`?"


def test_the_same_problem_is_told_once() -> None:
    assert diagnostic_lines([PROBLEM, PROBLEM]) == diagnostic_lines([PROBLEM])


def test_a_warning_says_that_it_is_one() -> None:
    text = plain(diagnostic_lines([Diagnostic(code="x", message="m", severity=Severity.WARNING)]))
    assert text == "warning[x]: m\n"


def test_a_caret_points_right_in_a_long_line_with_tabs_and_wide_letters() -> None:
    source = "\t\u6f22" * 60 + "HERE" + "x" * 500
    column = source.index("HERE") + 1
    span = Span(file="f", line=1, column=column, end_line=1, end_column=column + 4)
    lines = plain(diagnostic_lines([Diagnostic(code="x", message="m", span=span, source=source)])).split("\n")
    assert columns(lines[2].split("HERE")[0]) == columns(lines[3].split("^")[0])
    assert lines[3].count("^") == 4
    assert len(lines[2]) < 400


@given(st.text(), st.text(), st.integers(0, 200), st.integers(0, 200))
def test_any_problem_can_be_told(message: str, source: str, column: int, end: int) -> None:
    span = Span(file=HOSTILE, line=1, column=column, end_line=1, end_column=end)
    text = plain(
        diagnostic_lines([Diagnostic(code="x", message=message, span=span, hint=message, source=source)])
    )
    assert "\x1b" not in text
    assert "\r" not in text
