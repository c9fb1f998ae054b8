"""Law 3: a check is never green where nothing was planned, unless nothing is affected; and it always says why."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.decisions.check_conclusion import conclusion
from runner.diagnostics import Diagnostic, Severity, Span
from runner.model.approval import Standing
from runner.model.change import ChangeKind
from runner.model.check import AnnotationLevel, CheckState
from runner.model.names import TargetName
from runner.model.plan import PlanKind
from runner.model.previewed import Outcome, RequestPreview, TargetPreview
from runner.model.verdict import Answer, Verdict
from runner.report.comment_check import CHECK, checks_of
from runner.report.markdown_parts import size
from tests.report.forge_reading import read, trespasses
from tests.report.previews import hostile_previews, many, planned, preview_of
from tests.report.samples import change

CREATE = change(ChangeKind.CREATE, "a.b")
A = TargetName(environment="prod", stack="a")
DEFERRED = {"planned": None, "digests": None, "kind": PlanKind.DEFERRED, "because": "`prod/b` has no state"}


def state_of(*targets: TargetPreview, **more: object) -> CheckState:
    found = conclusion(preview_of(*targets, **more))
    assert found.because
    return found.state


def test_nothing_affected_is_green_with_its_because() -> None:
    found = conclusion(preview_of(because="no closure differs from `main`"))
    assert found.state is CheckState.PASSED
    assert "no closure differs" in found.because


def test_one_that_was_planned_is_green_and_zero_of_one_is_not() -> None:
    assert state_of(planned("prod/a", CREATE)) is CheckState.PASSED
    assert state_of(planned("prod/a", **DEFERRED)) is CheckState.WAITING
    assert state_of(planned("prod/a", **DEFERRED), planned("prod/b", CREATE)) is CheckState.PASSED
    assert state_of(TargetPreview(target=A, outcome=Outcome.PLANNED)) is CheckState.FAILED


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.FAILED, CheckState.FAILED),
        (Outcome.APPLY_FAILED, CheckState.FAILED),
        (Outcome.HELD_BACK, CheckState.WAITING),
        (Outcome.SKIPPED, CheckState.WAITING),
        (Outcome.PENDING, CheckState.WAITING),
        (Outcome.APPLIED, CheckState.PASSED),
        (Outcome.SUPERSEDED, CheckState.PASSED),
    ],
)
def test_each_way_to_end_has_its_state_beside_one_that_is_well(outcome: Outcome, state: CheckState) -> None:
    ended = TargetPreview(target=A, outcome=outcome, because="so it is")
    assert state_of(ended, planned("prod/b", CREATE)) is state


def test_what_waits_for_an_approval_waits_and_in_the_queue_fails() -> None:
    open_one = planned("prod/a", CREATE, standing=Standing(target=A, needed=1, missing=("1 more approval",)))
    assert state_of(open_one) is CheckState.WAITING
    assert state_of(open_one, queued=True) is CheckState.FAILED
    nothing_to_do = planned("prod/a", changed=False, standing=open_one.standing)
    assert state_of(nothing_to_do, queued=True) is CheckState.PASSED


def test_a_denial_an_errored_plan_and_a_closed_whole_are_red_and_a_window_is_not() -> None:
    deny = Verdict(gate="policies", answer=Answer.DENY, because="no public bucket")
    wait = Verdict(gate="windows", answer=Answer.WAIT, because="it opens at 8")
    assert state_of(planned("prod/a", CREATE, verdicts=(deny,))) is CheckState.FAILED
    assert state_of(planned("prod/a", CREATE, verdicts=(wait,))) is CheckState.PASSED
    assert state_of(planned("prod/a", CREATE, errored=True)) is CheckState.FAILED
    conflict = Diagnostic(code="x", message="it conflicts with `main`")
    assert state_of(planned("prod/a", CREATE), notices=(conflict,)) is CheckState.FAILED
    assert state_of(notices=(conflict,)) is CheckState.FAILED


def test_there_is_one_check_of_the_whole_and_one_an_environment() -> None:
    failed = TargetPreview(target=A, outcome=Outcome.FAILED, because="boom")
    checks = {each.name: each for each in checks_of(preview_of(failed, planned("dev/a", CREATE)))}
    assert {name: each.state for name, each in checks.items()} == {
        CHECK: CheckState.FAILED,
        f"{CHECK}/prod": CheckState.FAILED,
        f"{CHECK}/dev": CheckState.PASSED,
    }
    assert checks[CHECK].title == "1 of 2 targets planned, 1 with changes: `prod/a` failed: boom"


def test_annotations_stand_at_lines_once_each_and_what_stops_comes_first() -> None:
    at = Span(file="stacks/a/main.tf", line=3, column=1, end_line=5)
    code = Diagnostic(code="code-found", message="a provisioner", span=at, severity=Severity.WARNING)
    broken = Diagnostic(code="syntax", message="no", span=at, hint="mend it")
    both = [planned(f"{place}/a", CREATE, code=(code,)) for place in ("dev", "prod")]
    [first, second] = checks_of(preview_of(*both, notices=(broken,)))[0].annotations
    assert (first.level, first.message, first.line, first.end_line) == (
        AnnotationLevel.FAILURE,
        "no (mend it)",
        3,
        5,
    )
    assert second.level is AnnotationLevel.WARNING


@settings(max_examples=50, deadline=None)
@given(hostile_previews(), st.sampled_from([0, 250, 140]), st.sampled_from([0, 3_000, 65_535]))
def test_checks_are_as_safe_as_comments_and_within_their_limits(
    preview: RequestPreview, title: int, summary: int
) -> None:
    for check in checks_of(preview, title, summary):
        assert len(check.title) <= title
        assert size(check.summary) <= summary
        assert not trespasses(read(check.summary))
        words = [check.title, check.name, *(each.message for each in check.annotations)]
        assert not any(unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp") for each in "".join(words))
        planned_any = any(each.plan and each.plan.planned for each in preview.targets)
        applied = any(each.outcome in (Outcome.APPLIED, Outcome.SUPERSEDED) for each in preview.targets)
        assert check.state is not CheckState.PASSED or planned_any or applied or not preview.targets


def test_a_check_of_two_thousand_targets_fits() -> None:
    for check in checks_of(preview_of(*many(2_000)), 250, 65_535):
        assert size(check.summary) <= 65_535
