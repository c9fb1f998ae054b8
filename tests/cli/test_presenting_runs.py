"""A run's happenings on their way to stdout and stderr: the real presenters, the real voice."""

import io
import json
import os
import sys
from collections.abc import Sequence

import pytest

from runner.cli.choosing import SelectionOptions, selection
from runner.cli.presenting import Drawing, JsonPresenter, TextPresenter
from runner.cli.settings import Settings
from runner.cli.voice import Voice
from runner.diagnostics import Diagnostic
from runner.model.change import ChangeKind
from runner.model.happening import (
    PlanReady,
    ResourceApplied,
    RunFinished,
    RunStarted,
    TargetFinished,
    TargetStarted,
)
from runner.model.names import TargetName
from runner.model.plan import Plan
from runner.report.styled import Line, plain
from tests.report.samples import APP, HOSTILE, NETWORK, change, plan_of

FAILED = TargetFinished(
    target=NETWORK,
    outcome="failed",
    because="no such bucket",
    diagnostics=(Diagnostic(code="engine-failed", message="no such bucket", hint="make it"),),
)


class Sketch:
    """A drawing that remembers: the second implementation of what `report.terminal` draws."""

    def __init__(self) -> None:
        self.shown = False
        self.log: list[str] = []

    def is_shown(self) -> bool:
        return self.shown

    def show(self) -> None:
        self.shown = True

    def pause(self) -> None:
        self.shown = False

    def leave(self, lines: Sequence[Line]) -> None:
        assert self.shown
        self.log.append(plain(lines))


def run() -> RunStarted:
    return RunStarted(run="r1", verb="up", commit="c" * 40, law="c" * 40, waves=((NETWORK,), (APP,)))


def planned(target: TargetName) -> Plan:
    return plan_of(change(ChangeKind.CREATE, f"made.{target.stack}"), target=target)


def test_the_answer_is_on_stdout_and_progress_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    presenter = TextPresenter(Voice(Settings()), unfolded=False, draw=None)
    for happening in (run(), TargetStarted(target=NETWORK), PlanReady(plan=planned(NETWORK)), FAILED):
        presenter.tell(happening)
    presenter.end()
    said = capfd.readouterr()
    assert "made.network" in said.out
    assert "started" not in said.out
    assert "dev/network: started" in said.err
    assert said.err.count("hint: make it") == 1


def test_quiet_leaves_the_plans_and_the_trouble(capfd: pytest.CaptureFixture[str]) -> None:
    settings = Settings()
    settings.verbosity = -1
    presenter = TextPresenter(Voice(settings), unfolded=False, draw=None)
    for happening in (run(), PlanReady(plan=planned(NETWORK)), FAILED):
        presenter.tell(happening)
    presenter.end()
    said = capfd.readouterr()
    assert "made.network" in said.out
    assert "run r1" not in said.err
    assert "error[engine-failed]" in said.err


def drawn() -> tuple[TextPresenter, Sketch]:
    sketch = Sketch()
    made: Drawing = sketch
    return TextPresenter(Voice(Settings()), unfolded=False, draw=lambda _: made), sketch


def test_while_a_run_is_drawn_plans_wait_for_the_question_in_the_order_of_the_waves(
    capfd: pytest.CaptureFixture[str],
) -> None:
    presenter, sketch = drawn()
    for happening in (run(), PlanReady(plan=planned(APP)), PlanReady(plan=planned(NETWORK))):
        presenter.tell(happening)
    assert sketch.is_shown()
    assert capfd.readouterr().out == ""
    with presenter.aside():
        assert not sketch.is_shown()
        said = capfd.readouterr().out
        assert said.index("made.network") < said.index("made.app")
    assert sketch.is_shown()


def test_a_plan_is_said_before_its_target_is_applied_and_the_ended_scroll_away(
    capfd: pytest.CaptureFixture[str],
) -> None:
    presenter, sketch = drawn()
    presenter.tell(run())
    presenter.tell(PlanReady(plan=planned(NETWORK)))
    presenter.tell(PlanReady(plan=planned(APP)))
    presenter.tell(ResourceApplied(target=NETWORK, address="a.b", action="created"))
    said = capfd.readouterr().out
    assert "made.network" in said
    assert "made.app" not in said
    presenter.tell(TargetFinished(target=NETWORK, outcome="succeeded"))
    assert "dev/network succeeded" in "".join(sketch.log)
    presenter.tell(RunFinished(run="r1", outcomes={}, exit_code=0))
    presenter.end()
    assert not sketch.is_shown()
    assert "made.app" in capfd.readouterr().out


def test_json_keeps_the_end_for_the_end(capfd: pytest.CaptureFixture[str]) -> None:
    presenter = JsonPresenter(Voice(Settings()))
    for happening in (
        run(),
        PlanReady(plan=planned(NETWORK)),
        RunFinished(run="r1", outcomes={}, exit_code=0),
    ):
        presenter.tell(happening)
    said = capfd.readouterr()
    assert [json.loads(each)["type"] for each in said.out.splitlines()] == ["run_started", "plan_ready"]
    assert said.err == ""
    assert presenter.finished is not None


def test_in_ci_nothing_foreign_is_a_workflow_command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "true")
    presenter = TextPresenter(Voice(Settings()), unfolded=True, draw=None)
    presenter.tell(PlanReady(plan=plan_of(change(ChangeKind.CREATE, "::set-env name=A::b", reason=HOSTILE))))
    hostile = TargetName(environment="::add-path", stack="x")
    presenter.tell(TargetFinished(target=hostile, outcome="failed", because=HOSTILE))
    presenter.end()
    said = capfd.readouterr()
    lines = (said.out + said.err).split("\n")
    assert not any(each.lstrip().startswith("::") for each in lines)
    assert "\x1b" not in said.out + said.err


def test_a_reader_who_left_does_not_stop_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with io.TextIOWrapper(os.fdopen(writing, "wb"), write_through=True) as broken:
        monkeypatch.setattr(sys, "stdout", broken)
        presenter = JsonPresenter(Voice(Settings()))
        for _ in range(3):
            presenter.tell(run())


def test_a_word_after_changed_that_is_no_range_is_a_selector() -> None:
    given: SelectionOptions = {
        "selectors": ("dev",),
        "tag": (),
        "stack": (),
        "engine": (),
        "changed": "prod",
        "with_dependents": False,
        "with_dependencies": False,
        "all_environments": False,
    }
    assert (selection(given).selectors, selection(given).changed) == (("prod", "dev"), "")
    given["changed"] = "HEAD~3..HEAD"
    assert (selection(given).selectors, selection(given).changed) == (("dev",), "HEAD~3..HEAD")
