"""Runs of Pulumi programs, interrupted, killed or lost: what was made is in the state or named, and it goes on."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from runner.kit.journal import is_held
from tests.checkout import Checkout, new_clone
from tests.journeys.pulumi_codes import pulumi_stage, python_program, urn
from tests.journeys.stage import Stage, Told
from tests.program import Program
from tests.rudeness.scene import descendants
from tests.waiting import until

pytestmark = [pytest.mark.pulumi, pytest.mark.slow]

Running = tuple[Stage, subprocess.Popen[str], Path]

GATED = """\
a = File("a", value="1")
b = File("b", value="1", after=a.id, gate=str(Path(PLACE).parent / "gates"))
File("c", value="1", after=b.id)
"""


@pytest.fixture
def running(
    repository: Checkout, run_runner: Program, pulumi_binary: Path, tmp_path: Path
) -> Callable[..., Running]:
    """In the middle of its first apply: `a` is made, `b` waits for its gate, `c` has not begun."""

    def begun(settings: str = "") -> Running:
        (gates := tmp_path / "gates").mkdir()
        files = python_program(GATED, tmp_path / "cloud", settings)
        stage = pulumi_stage(repository, run_runner, pulumi_binary, files)
        run = run_runner.start("up", "dev", "--yes", "--json", cwd=stage.clone.path, env=stage.environment)
        until(lambda: (gates / "reached").exists() or run.poll() is not None)
        # Both are at the remote by now or soon: what `a` was made into, and that `b` has begun.
        until(lambda: "refs/runner/state/dev" in stage.refs() or run.poll() is not None)
        assert run.poll() is None, run.communicate()
        return stage, run, gates

    return begun


def killed(run: subprocess.Popen[str], *, engines: bool) -> None:
    """Kills the runner; with `engines` all that it started too, as one, so that none sees another die."""
    below = sorted(descendants(run.pid)) if engines else []
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in (run.pid, *below):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
    run.wait(60)


def goes_on(stage: Stage) -> None:
    """What the next person types. An engine that is interrupted twice, as the death of many threads may do, names what
    it did not wait for."""
    ran = stage.program("up", "dev", "--yes", "--json", cwd=stage.clone.path, env=stage.environment)
    assert "run-recovered" in Told(ran).codes
    if ran.code == 9:
        assert Told(ran).diagnostic("outcome-unknown")["message"].endswith(urn("b"))
        stage.run("state", "recover", "dev/app", "--yes")
        ran = stage.program("up", "dev", "--yes", "--json", cwd=stage.clone.path, env=stage.environment)
    assert ran.code == 0, ran.stdout


def all_is_made(stage: Stage, gates: Path) -> None:
    """The whole program is live, in the cloud, in the state and on record, and nothing lies about."""
    assert {file.name for file in (gates.parent / "cloud").iterdir()} == {"a", "b", "c"}
    rows = stage.run("state", "list", "dev/app").rows("row")
    assert {row["address"] for row in rows} == {urn("a"), urn("b"), urn("c")}
    assert not stage.state("dev/app")["checkpoint"]["latest"].get("pending_operations")
    assert stage.standing() == {"dev/app": "live"}
    assert stage.run("locks").rows("lease") == []
    runs = (stage.clone.path / ".git/runner/runs").iterdir()
    assert [run for run in runs if (run / "work").exists()] == []


def test_once_asked_it_ends_what_is_under_way_records_it_and_goes_on_next_time(
    running: Callable[..., Running],
) -> None:
    stage, run, gates = running()
    run.send_signal(signal.SIGINT)
    logs = stage.clone.path / ".git/runner/runs"
    until(
        lambda: any(
            "^C" in log.read_text() or "cancel" in log.read_text() for log in logs.rglob("apply.jsonl")
        )
    )
    (gates / "open").touch()
    assert run.wait(60) == 130
    newest = stage.entries("dev")[-1]
    assert newest["result"] == "interrupted"
    assert {row["address"] for row in stage.run("state", "list", "dev/app").rows("row")} == {
        urn("a"),
        urn("b"),
    }
    assert stage.run("up", "dev", "--yes").outcomes == {"dev/app": "succeeded"}
    all_is_made(stage, gates)


def test_killed_with_its_engine_it_names_what_nobody_saw_end_and_goes_on(
    running: Callable[..., Running],
) -> None:
    stage, run, gates = running()
    killed(run, engines=True)
    (gates / "open").touch()
    refused = stage.run("up", "dev", "--yes", code=9)
    assert refused.diagnostic("outcome-unknown")["message"].endswith(urn("b"))
    assert stage.standing() == {"dev/app": "unknown"}
    told = stage.plain("state", "recover", "dev/app", "--yes")
    assert "the resource option `import` of `b`" in told.stdout
    assert stage.run("up", "dev", "--yes").outcomes == {"dev/app": "succeeded"}
    all_is_made(stage, gates)


def test_an_engine_that_outlives_its_runner_ends_in_order_and_the_next_run_records_it(
    running: Callable[..., Running],
) -> None:
    stage, run, gates = running()
    killed(run, engines=False)
    (gates / "open").touch()
    runs = stage.clone.path / ".git/runner/runs"
    until(lambda: not any(is_held(each) for each in runs.iterdir()))
    assert {file.name for file in (gates.parent / "cloud").iterdir()} == {"a", "b"}, (
        "what was under way has ended"
    )
    goes_on(stage)
    all_is_made(stage, gates)


def test_of_a_lost_machine_the_checkpoint_names_what_had_begun(
    running: Callable[..., Running], tmp_path: Path
) -> None:
    stage, run, gates = running("leases: {term: 5s}\n")
    killed(run, engines=True)
    (gates / "open").touch()
    other = new_clone(stage.clone.remote, tmp_path / "grace", person="Grace Example")
    other.git("remote", "set-head", "origin", "main")
    (other.path / ".git/runner").mkdir(mode=0o700)
    key = other.path / ".git/runner/key"
    key.touch(mode=0o600)
    key.write_bytes((stage.clone.path / ".git/runner/key").read_bytes())
    colleague = Stage(clone=other, program=stage.program, environment=stage.environment)
    refused: list[Told] = []

    def expired() -> bool:
        ran = stage.program("up", "dev", "--yes", "--json", cwd=other.path, env=stage.environment)
        refused.append(Told(ran))
        return ran.code != 4

    until(expired)
    assert "outcome-unknown" in refused[-1].codes
    named = colleague.plain("state", "recover", "dev/app", "--yes").stdout
    assert "announced a change and did not record its end" in named
    assert all(address in named for address in _pending_when_lost(colleague))
    assert colleague.run("up", "dev", "--yes").outcomes == {"dev/app": "succeeded"}
    all_is_made(colleague, gates)


def _pending_when_lost(stage: Stage) -> set[str]:
    """What the last state that the dead run saved names as begun."""
    rows = stage.run("state", "versions", "dev/app").rows("row")
    last = max(row["version"] for row in rows if row["fence"] == 1)
    pulled = stage.plain("state", "pull", "dev/app", "--version", str(last)).stdout
    pending = json.loads(pulled)["checkpoint"]["latest"].get("pending_operations") or []
    return {each["resource"]["urn"] for each in pending}
