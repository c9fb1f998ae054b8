"""Checks by name and by who reported them, and heads that lack what touched a target."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.decisions.divergence import LackingCommit, undiverged
from runner.decisions.required_checks import checks_verdicts
from runner.model.check import CheckReport, CheckState
from runner.model.environment import RequiredCheck
from runner.model.verdict import Answer
from tests.decisions.forge_facts import APP, HEAD, NETWORK, OTHER

SCAN = RequiredCheck(name="scan", app="trivy")
TEST = RequiredCheck(name="ci/test")


def report(name: str, app: str, state: CheckState = CheckState.PASSED) -> CheckReport:
    return CheckReport(name=name, app=app, state=state)


def answers(required: RequiredCheck, *reports: CheckReport) -> Answer:
    [verdict] = checks_verdicts([required], reports, HEAD)
    assert verdict.because
    return verdict.answer


def test_a_green_check_of_the_right_app_opens() -> None:
    assert answers(SCAN, report("scan", "Trivy")) is Answer.ALLOW
    assert answers(TEST, report("ci/test", "anybody")) is Answer.ALLOW


def test_a_status_of_the_same_name_by_another_is_another_one() -> None:
    assert answers(SCAN, report("scan", "mallory")) is Answer.DENY
    both = (report("scan", "mallory"), report("scan", "trivy", CheckState.FAILED))
    assert answers(SCAN, *both) is Answer.DENY
    noise = (report("scan", "mallory", CheckState.FAILED), report("scan", "trivy"))
    assert answers(SCAN, *noise) is Answer.ALLOW


def test_of_one_name_without_an_app_all_who_report_must_be_green() -> None:
    assert (
        answers(TEST, report("ci/test", "ci", CheckState.FAILED), report("ci/test", "mallory")) is Answer.DENY
    )


@pytest.mark.parametrize("state", CheckState)
def test_only_passed_is_green_and_what_still_runs_waits(state: CheckState) -> None:
    still = state in (CheckState.QUEUED, CheckState.RUNNING, CheckState.WAITING)
    wanted = Answer.ALLOW if state is CheckState.PASSED else Answer.WAIT if still else Answer.DENY
    assert answers(TEST, report("ci/test", "ci", state)) is wanted


def test_what_was_never_reported_waits_and_what_the_forge_does_not_say_closes() -> None:
    assert answers(TEST) is Answer.WAIT
    [verdict] = checks_verdicts([TEST], None, HEAD)
    assert verdict.answer is Answer.DENY


@given(
    st.lists(
        st.builds(
            report,
            st.sampled_from(["scan", "x"]),
            st.sampled_from(["trivy", "m", ""]),
            st.sampled_from(CheckState),
        )
    )
)
def test_whatever_others_report_only_its_app_opens_a_check(reports: list[CheckReport]) -> None:
    found = answers(SCAN, *reports)
    own = [each.state for each in reports if each.name == "scan" and each.app == "trivy"]
    assert (found is Answer.ALLOW) is (bool(own) and set(own) == {CheckState.PASSED})


def lacking(*touched: frozenset[object] | None) -> list[LackingCommit]:
    return [LackingCommit(commit=OTHER, touched=each) for each in touched]  # type: ignore[arg-type]


def test_only_what_touched_the_target_is_missed() -> None:
    assert undiverged(NETWORK, [], "main").answer is Answer.ALLOW
    assert undiverged(NETWORK, lacking(frozenset({APP}), frozenset()), "main").answer is Answer.ALLOW
    missed = undiverged(NETWORK, lacking(frozenset({APP}), frozenset({NETWORK})), "main")
    assert missed.answer is Answer.DENY
    assert "1 more" not in missed.because
    assert "main" in missed.hint
    assert "2 more" in undiverged(NETWORK, lacking(*[frozenset({NETWORK})] * 5), "main").because


def test_what_is_not_known_closes() -> None:
    assert undiverged(NETWORK, None, "main").answer is Answer.DENY
    doubtful = undiverged(NETWORK, lacking(frozenset({APP}), None), "main").because
    assert "may have" in doubtful
    assert OTHER[:12] in doubtful
