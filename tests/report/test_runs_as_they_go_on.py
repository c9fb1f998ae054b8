"""The folds of a run: where every target stands, in plain lines, drawn, and as a summary."""

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from runner.diagnostics import Diagnostic
from runner.model.change import ChangeKind
from runner.model.happening import (
    Happening,
    Noted,
    PlanReady,
    ResourceApplied,
    RunFinished,
    RunStarted,
    TargetFinished,
    TargetProgress,
    TargetStarted,
)
from runner.model.names import TargetName
from runner.model.plan import PlanKind
from runner.report.next_steps import next_lines
from runner.report.plain_lines import happening_lines
from runner.report.plan_text import plan_lines
from runner.report.progress import Progress, duration_text, folded
from runner.report.styled import columns, plain
from runner.report.summary import live_lines_of, outcome_lines, preview_lines
from runner.report.terminal import live_lines, painted
from tests.report.samples import APP, HOSTILE, NETWORK, change, plan_of

RUN = RunStarted(run="r1", verb="up", commit="c" * 40, law="d" * 40, waves=((NETWORK,), (APP,)))
NAMES = st.sampled_from([NETWORK, APP, TargetName(environment="dev", stack=HOSTILE)])
HAPPENINGS = st.one_of(
    st.just(RUN),
    st.builds(TargetStarted, target=NAMES),
    st.builds(
        TargetProgress,
        target=NAMES,
        phase=st.sampled_from(["planning", "applying", HOSTILE]),
        text=st.text(max_size=300),
        done=st.integers(0, 9),
        total=st.integers(0, 9),
    ),
    st.builds(
        PlanReady, plan=st.builds(lambda name: plan_of(change(ChangeKind.CREATE, "a.b"), target=name), NAMES)
    ),
    st.builds(ResourceApplied, target=NAMES, address=st.text(), action=st.text(), ok=st.booleans()),
    st.builds(TargetFinished, target=NAMES, outcome=st.sampled_from(["succeeded", "failed", "new word"])),
    st.builds(Noted, diagnostic=st.builds(Diagnostic, code=st.just("x"), message=st.text())),
    st.just(RunFinished(run="r1", outcomes={}, exit_code=0)),
)


def after(*happenings: Happening) -> Progress:
    progress = Progress()
    for at, happening in enumerate(happenings):
        progress = folded(progress, happening, float(at))
    return progress


def test_a_run_knows_what_waits_what_is_worked_on_and_what_ended() -> None:
    progress = after(
        RUN,
        TargetStarted(target=NETWORK),
        PlanReady(plan=plan_of(change(ChangeKind.CREATE, "a.b"), change(ChangeKind.CREATE, "c.d"))),
        ResourceApplied(target=NETWORK, address="a.b", action="created"),
    )
    (row,) = progress.active
    assert (row.target, row.done, row.total, row.phase) == (NETWORK, 1, 2, "applying")
    assert row.elapsed(11.0) == 10.0
    assert progress.rows[APP].started is None
    progress = folded(progress, TargetFinished(target=NETWORK, outcome="succeeded"), 5.0)
    assert progress.ended == 1
    assert progress.rows[NETWORK].elapsed(99.0) == 4.0


def test_forty_targets_fit_a_small_terminal() -> None:
    names = [TargetName(environment="dev", stack=f"stack-{number}") for number in range(45)]
    run = RunStarted(run="r", verb="up", commit="", law="", waves=(tuple(names),))
    progress = after(run, *(TargetStarted(target=name) for name in names))
    lines = live_lines(progress, 1.0, 80, 24)
    assert len(lines) < 24
    text = plain(lines)
    assert "more under way" in text
    assert "0 of 45 done, 45 under way" in text


@given(st.lists(HAPPENINGS, max_size=25), st.integers(1, 200), st.integers(1, 60))
def test_whatever_happens_can_be_drawn_in_any_terminal(
    happenings: list[Happening], width: int, height: int
) -> None:
    progress = after(*happenings)
    lines = live_lines(progress, 100.0, width, height)
    assert len(lines) <= max(height, 3)
    assert all(columns("".join(piece.text for piece in each)) <= width for each in lines)


@given(st.lists(HAPPENINGS, max_size=10))
def test_whatever_happens_is_told_in_lines_without_control_characters(happenings: list[Happening]) -> None:
    progress = Progress()
    for at, happening in enumerate(happenings):
        progress = folded(progress, happening, float(at))
        text = plain(happening_lines(happening, progress, float(at)), for_ci=True)
        assert text
        assert all(each >= " " or each == "\n" for each in text)


def test_plain_lines_name_target_outcome_time_and_because() -> None:
    done = TargetFinished(target=APP, outcome="skipped", because="dev/network failed")
    progress = after(RUN, TargetStarted(target=APP), done)
    assert plain(happening_lines(done, progress, 9.0)) == "dev/app skipped in 1.0 s: dev/network failed\n"
    started = plain(happening_lines(RUN, progress, 0.0))
    assert "cccccccccccc" in started
    assert "dddddddddddd" in started
    failed = ResourceApplied(target=APP, address="a.b", action="create", ok=False)
    assert "FAILED" in plain(happening_lines(failed, progress, 0.0))


def test_the_end_says_what_changed_what_did_not_and_what_to_type_next() -> None:
    outcomes = {
        NETWORK: TargetFinished(target=NETWORK, outcome="failed", because="no such bucket"),
        APP: TargetFinished(target=APP, outcome="skipped", because="dev/network failed"),
    }
    lines = plain([*outcome_lines(outcomes), *next_lines(["runner up dev"])]).split("\n")
    assert lines[0].startswith("failed: 1 target")
    assert "dev/network: no such bucket" in lines[1]
    assert any("dev/app: dev/network failed" in each for each in lines)
    assert lines[-2].strip() == "runner up dev"


def test_a_run_over_nothing_is_no_success_story() -> None:
    assert "no target was left to work on" in plain(outcome_lines({}))
    assert "no target was left to work on" in plain(preview_lines([], {}))


def test_a_preview_ends_with_what_would_change_and_what_could_not_be_planned() -> None:
    plans = [
        plan_of(change(ChangeKind.CREATE, "a.b")),
        plan_of(
            target=APP, kind=PlanKind.DEFERRED, planned=None, digests=None, because="network has no state"
        ),
    ]
    text = plain(preview_lines(plans, {}))
    assert "dev/network: 1 to create" in text
    assert "dev/app: network has no state" in text


def test_orphans_are_named() -> None:
    assert "dev/app" in plain(live_lines_of([], [APP]))


def test_colours_change_no_word_and_nothing_in_a_name_is_markup() -> None:
    lines = plan_lines(plan_of(change(ChangeKind.UPDATE, "[bold]a[/bold]", reason=HOSTILE)))
    console = Console(width=20, force_terminal=False, highlight=False)
    with console.capture() as captured:
        console.print(painted(lines), soft_wrap=True)
    assert captured.get() == plain(lines)
    assert "[bold]a[/bold]" in captured.get()


def test_durations_read_naturally() -> None:
    assert [duration_text(each) for each in (0.04, 9.96, 59.4, 185, 7620)] == [
        "0.0 s",
        "10 s",
        "59 s",
        "3 min 05 s",
        "2 h 07 min",
    ]
