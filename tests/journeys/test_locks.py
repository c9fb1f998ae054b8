"""Leases as people meet them: held by another, looked at, broken on the record."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.journeys.codes import RUNNER, waiting_for
from tests.journeys.conftest import Setting
from tests.journeys.stage import Stage


def _slow(tmp_path: Path) -> dict[str, str]:
    waits = waiting_for(tmp_path / "go-on", tmp_path / "begun")
    return {
        "runner.yaml": RUNNER,
        "environments/prod.yaml": "",
        "stacks/slow/main.tf": f'resource "terraform_data" "a" {{\n{waits}}}\n',
        "stacks/quick/main.tf": 'resource "terraform_data" "a" {}\n',
    }


@contextmanager
def _while_it_applies(stage: Stage, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    run = stage.program.start("up", "prod/slow", "--yes", "--json", cwd=stage.clone.path)
    while not (tmp_path / "begun").exists():
        assert run.poll() is None, run.communicate()
        time.sleep(0.02)
    yield run


def test_a_lease_that_another_holds_is_exit_4_and_names_the_holder(
    setting: Setting, colleague: Callable[[Stage], Stage], tmp_path: Path
) -> None:
    stage = setting(_slow(tmp_path))
    stage.run("up", "prod/quick", "--yes")
    other = colleague(stage)
    with _while_it_applies(stage, tmp_path) as run:
        (lock,) = other.run("locks").rows("lease")
        assert (lock["target"], lock["holder"]) == ("prod/slow", "ada.example@example.test")
        assert other.standing("prod/slow") == {"prod/slow": "applying"}
        told = other.run("up", "prod/slow", "--yes", code=4)
        assert "ada.example@example.test" in told.diagnostic("lease-held")["message"]
        told = other.run("preview", "prod/slow")
        assert told.plans["prod/slow"]["kind"] == "planned", "a preview waits for nobody"
        assert other.run("up", "prod/quick", "--yes").outcomes == {"prod/quick": "unchanged"}
        (tmp_path / "go-on").touch()
        stdout, stderr = run.communicate(timeout=120)
    assert run.returncode == 0, stdout + stderr
    assert other.run("locks").rows("lease") == []
    assert other.run("up", "prod/slow", "--yes").outcomes == {"prod/slow": "unchanged"}


def test_a_lease_that_announced_a_change_is_not_broken_but_recovered(
    setting: Setting, colleague: Callable[[Stage], Stage], tmp_path: Path
) -> None:
    stage = setting(_slow(tmp_path))
    stage.run("up", "prod/quick", "--yes")
    other = colleague(stage)
    with _while_it_applies(stage, tmp_path) as run:
        told = other.run("unlock", "prod/slow", "--reason", "impatient", "--yes", code=2)
        assert "lease-with-intent" in told.codes
        assert "runner state recover prod/slow" in told.diagnostic("lease-with-intent")["hint"]
        told = stage.run("state", "recover", "prod/slow", "--yes", code=4)
        assert told.codes == {"run-still-working"}, "it has not ended, so there is nothing to recover"
        (tmp_path / "go-on").touch()
        run.communicate(timeout=120)
    assert run.returncode == 0
    assert other.run("unlock", "prod/slow", "--reason", "x", "--yes").result["entry"] == ""
    assert [each["kind"] for each in stage.entries()] == ["apply", "apply"]


def test_ctrl_c_once_ends_it_gracefully_and_what_was_made_is_on_the_record(
    setting: Setting, tmp_path: Path
) -> None:
    files = _slow(tmp_path)
    code = 'resource "terraform_data" "first" {}\n' + files["stacks/slow/main.tf"].replace(
        '"a" {', '"a" {\n  depends_on = [terraform_data.first]'
    )
    stage = setting({**files, "stacks/slow/main.tf": code})
    with _while_it_applies(stage, tmp_path) as run:
        run.send_signal(signal.SIGINT)
        (tmp_path / "go-on").touch()
        stdout, stderr = run.communicate(timeout=120)
    assert run.returncode == 130, stdout + stderr
    last = json.loads(stdout.splitlines()[-1])
    assert last["exit_code"] == 130
    assert "terraform_data.first" in stage.addresses("prod/slow")
    assert stage.run("locks").rows("lease") == []
    assert stage.entries()[-1]["target"] == "prod/slow"
    stage.run("up", "prod", "--yes")
    assert set(stage.standing().values()) == {"live"}


def test_a_run_that_is_cancelled_finishes_what_it_is_at_and_begins_nothing_more(
    setting: Setting, colleague: Callable[[Stage], Stage], tmp_path: Path
) -> None:
    files = _slow(tmp_path)
    code = 'resource "terraform_data" "later" {\n  depends_on = [terraform_data.a]\n}\n'
    files |= {"environments/prod.yaml": "leases: {term: 12s}\n"}
    stage = setting({**files, "stacks/slow/main.tf": files["stacks/slow/main.tf"] + code})
    stage.run("up", "prod/quick", "--yes")
    other = colleague(stage)
    other.run("cancel", "prod/quick", "--reason", "nobody is there")
    other.run("cancel", "--reason", "everybody", code=2)
    with _while_it_applies(stage, tmp_path) as run:
        told = other.run("cancel", "prod", "--reason", "wrong commit")
        assert [each["target"] for each in told.rows("lease")] == ["prod/slow"]
        assert run.stdout
        said = next(line for line in run.stdout if "run-cancelled" in line)
        assert "grace.example@example.test: wrong commit" in said
        (tmp_path / "go-on").touch()
        stdout, stderr = run.communicate(timeout=120)
    assert run.returncode == 130, stdout + stderr
    assert stage.addresses("prod/slow") == {"terraform_data.a"}
    assert stage.run("locks").rows("lease") == []
    kinds = [(each["kind"], each["result"]) for each in stage.entries("prod/slow")]
    assert kinds == [("cancel", "succeeded"), ("apply", "interrupted")]
    stage.run("up", "prod", "--yes")
    assert set(stage.standing().values()) == {"live"}


def test_a_reason_is_wanted_and_what_is_not_there_is_named(one: Stage) -> None:
    assert one.run("unlock", "prod/network", "--reason", "x", "--yes").result["entry"] == ""
    one.run("unlock", "prod/network", "--yes", code=2)
    one.run("freeze", "prod", code=2)
    assert "`prod`" in str(one.run("freeze", "nowhere", "--reason", "x", code=2).diagnostics)
    one.run("thaw", "prod", "--reason", "x")
    assert one.entries() == []
