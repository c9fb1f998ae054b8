"""The one comment of a pull request: every target by name, within the limit, and nothing of it a stranger's."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from runner.diagnostics import Diagnostic, Severity, Span
from runner.model.change import ChangeKind
from runner.model.names import TargetName
from runner.model.plan import PlanKind
from runner.model.previewed import Outcome, RequestPreview, Superseded, TargetPreview
from runner.report.comment import Limit, approvable, comment_text, job_summary, whole_document
from runner.report.comment_marker import MARKER, is_ours
from runner.report.comment_names import squeezed
from runner.report.markdown_parts import size
from runner.report.safe_text import one_line
from tests.report.forge_reading import read, trespasses
from tests.report.previews import NOW, hostile_previews, many, planned, preview_of, unbraced
from tests.report.samples import change

LIMITS = st.sampled_from([Limit.GITHUB, Limit.GITLAB, 3_000, 8_000])


def named_in(text: str, preview: RequestPreview) -> set[str]:
    """The targets whose name the summary has, whatever form it took."""
    found: set[str] = set()
    for row in re.findall(r"<tr>\s*<td>(.*?)</td>", _rendered(text), re.DOTALL):
        parts = read(f"<p>{row}</p>").code
        if len(parts) == 1:
            found |= {parts[0]} | unbraced(parts[0])
        elif len(parts) == 2:
            found |= {f"{parts[0]}/{each}" for each in unbraced(parts[1]) | {parts[1]}}
    return found & {one_line(str(each.target)) for each in preview.targets}


def _rendered(text: str) -> str:
    return read(text).html


@settings(max_examples=60, deadline=None)
@given(hostile_previews(), LIMITS)
def test_no_word_of_a_stranger_gets_out_of_its_place(preview: RequestPreview, limit: int) -> None:
    text = comment_text(preview, limit).text
    reading = read(text)
    assert size(text) <= limit
    assert not trespasses(reading)
    assert text.startswith(MARKER)
    assert text.count(MARKER) == 1
    assert len(reading.comments) == 1
    assert all(link == preview.whole for link in reading.links)


@settings(max_examples=60, deadline=None)
@given(hostile_previews())
def test_the_document_and_the_summary_of_the_job_are_as_safe(preview: RequestPreview) -> None:
    for text in (whole_document(preview), job_summary(preview)):
        reading = read(text)
        assert not trespasses(reading)
        assert all(link == preview.whole for link in reading.links)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 400), LIMITS, st.booleans(), st.sampled_from(["s{}", "eu/team-{}/app", "a|`{}"]))
def test_a_comment_names_every_target_within_the_limit(
    number: int, limit: int, distinct: bool, name: str
) -> None:
    preview = preview_of(*many(number, name, distinct=distinct))
    found = comment_text(preview, limit)
    assert size(found.text) <= limit
    if found.named:
        assert named_in(found.text, preview) == {str(each.target) for each in preview.targets}
    assert found.named or limit < 10_000


@pytest.mark.parametrize("limit", [Limit.GITHUB, Limit.GITEA, Limit.GITLAB])
@pytest.mark.parametrize("environments", [1, 40, 2_000])
def test_two_thousand_targets_stay_readable_in_one_comment(limit: Limit, environments: int) -> None:
    preview = preview_of(*many(2_000, "team-{0:03}-payments-{0:04}", environments=environments))
    found = comment_text(preview, limit)
    assert found.named
    assert size(found.text) <= limit
    assert named_in(found.text, preview) == {str(each.target) for each in preview.targets}
    assert "to destroy" in found.text


def test_two_thousand_that_failed_each_in_its_own_way_are_named_too() -> None:
    preview = preview_of(
        *(
            TargetPreview(
                target=TargetName(environment="prod", stack=f"service-{at:04}"),
                outcome=Outcome.FAILED,
                because=f"it is the {at}th " + "x" * 400,
            )
            for at in range(2_000)
        )
    )
    found = comment_text(preview, Limit.GITHUB)
    assert found.named
    assert len(named_in(found.text, preview)) == 2_000


def test_names_that_no_comment_can_hold_close_the_pull_request() -> None:
    preview = preview_of(*many(900, "{:04}" + "x" * 200))
    found = comment_text(preview, Limit.GITHUB)
    assert size(found.text) <= Limit.GITHUB
    assert not found.named
    assert not approvable(preview, found)
    assert "cannot be approved" in found.text


def test_like_diffs_are_one_block_and_the_riskiest_come_first() -> None:
    same = [planned(f"prod/a{at}", change(ChangeKind.CREATE, "x.y", after={"a": 1})) for at in range(30)]
    lost = planned("prod/db", change(ChangeKind.DELETE, "aws_db.main", before={"id": "db-1"}))
    found = comment_text(preview_of(*same, lost), Limit.GITHUB)
    blocks = re.findall(r"<summary>(.*?)</summary>", found.text)
    assert len(blocks) == 2
    assert "prod&#47;db" in blocks[0] or "prod/db" in blocks[0]
    assert "(30 targets alike)" in blocks[1]
    assert found.shown == {each.target for each in (*same, lost)}


def test_a_huge_diff_is_cut_between_changes_and_cannot_be_approved_from_the_comment() -> None:
    changes = [change(ChangeKind.CREATE, f"aws_x.y[{at}]", after={"n": "v" * 60}) for at in range(2_000)]
    huge, small = planned("prod/huge", *changes), planned("prod/small", changes[0])
    found = comment_text(preview_of(huge, small), Limit.GITHUB)
    assert size(found.text) <= Limit.GITHUB
    assert "not shown here" in found.text
    assert set(approvable(preview_of(huge, small), found)) <= {small.target}
    assert len(re.findall(r"^\+ +aws_x\.y\[\d+\] will be created$", found.text, re.MULTILINE)) > 100
    whole = preview_of(planned("prod/huge", *changes, native="all of it"), whole="https://x/y")
    assert approvable(whole, comment_text(whole, Limit.GITHUB))


def test_a_value_that_was_cut_is_not_shown_in_full_and_the_comment_says_so() -> None:
    long = change(ChangeKind.CREATE, "x.y", after={"script": "s" * 5_000})
    preview = preview_of(planned("dev/a", long), planned("dev/b", long, native="s" * 5_000))
    found = comment_text(preview, Limit.GITHUB)
    assert not approvable(preview, found)
    assert "Not all of 2 plans fits here" in found.text
    assert "cannot be approved" in found.text
    kept = replace(preview, whole="https://forge/acme/runs/1")
    found = comment_text(kept, Limit.GITHUB)
    assert {str(each) for each in approvable(kept, found)} == {"dev/b"}
    assert "(`dev/b`): it is in the whole document" in found.text
    assert "(`dev/a`): nobody could open the whole of it, and so it cannot be approved" in found.text
    assert "s" * 5_000 in whole_document(kept)


@pytest.mark.parametrize(
    "more",
    [{"kind": PlanKind.PROVISIONAL}, {"errored": True}, {"outcome": Outcome.HELD_BACK}, {"digests": None}],
)
def test_what_is_provisional_errored_or_held_back_is_never_approvable(more: dict[str, object]) -> None:
    preview = preview_of(planned("dev/a", change(ChangeKind.CREATE, "x.y"), **more))
    assert not approvable(preview, comment_text(preview, Limit.GITHUB))


def test_what_is_lost_what_runs_and_what_is_unsure_stand_above_the_table() -> None:
    finding = Diagnostic(
        code="code-found",
        message="a `local-exec` provisioner runs `curl`",
        span=Span(file="stacks/db/main.tf", line=3, column=1),
        severity=Severity.WARNING,
    )
    drifted = change(ChangeKind.UPDATE, "a.drifted")
    preview = preview_of(
        planned("prod/db", change(ChangeKind.REPLACE, "aws_db.main", reason="engine changed"), code=(finding,)),
        planned("prod/app", change(ChangeKind.DELETE, "x.gone"), kind=PlanKind.PROVISIONAL, because="`prod/db`"),
        planned("prod/late", planned=None, digests=None, kind=PlanKind.DEFERRED, because="`prod/db` has no state"),
        planned("prod/old", change(ChangeKind.UPDATE, "a.b"), age=7200.0, drift=(drifted,)),
    )  # fmt: skip
    text = comment_text(preview, Limit.GITHUB).text
    above, below = text.split("| Target |")
    for said in ("`aws_db.main` will be **replaced**", "will be **destroyed**", "provisioner", "main.tf:3:1"):
        assert said in above
    for said in ("**provisional**", "**deferred**", "`a.drifted`"):
        assert said in above
    assert "planned 2 hours ago" in below
    assert "4444444444444444444444444444444444444444" in above
    assert "6666666666666666666666666666666666666666" in above


def test_earlier_previews_are_struck_through_and_nothing_affected_has_its_because() -> None:
    earlier = Superseded(commit="a" * 40, at=NOW, summary="3 targets affected")
    text = comment_text(preview_of(because="no closure differs", superseded=(earlier,)), Limit.GITHUB).text
    assert "nothing is affected: no closure differs" in text
    assert "s" in read(text).elements


def test_a_stranger_is_told_the_line_that_lets_this_very_commit_run() -> None:
    held = TargetPreview(
        target=TargetName(environment="dev", stack="a"),
        outcome=Outcome.HELD_BACK,
        because="a stranger's code",
    )
    text = comment_text(preview_of(held), Limit.GITHUB).text
    assert f"```\nrunner preview {'4' * 40}\n```" in text


def test_only_our_own_comment_with_the_mark_in_front_is_edited() -> None:
    assert is_ours(f"{MARKER}\n\nx", "Runner[bot]", "runner[bot]")
    assert not is_ours(f"{MARKER}\n\nx", "mallory", "runner[bot]")
    assert not is_ours(f"x\n{MARKER}", "runner[bot]", "runner[bot]")


@given(
    st.lists(st.text("ab/-_", min_size=1, max_size=12), unique=True, min_size=1),
    st.sampled_from(["/", "/-_."]),
)
def test_squeezed_names_are_all_there(names: list[str], separators: str) -> None:
    assert unbraced(squeezed(names, separators)) == set(names)
