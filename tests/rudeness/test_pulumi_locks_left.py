"""Locks of Pulumi's own that a dead run left in a backend of files: cleared on the record, and never another's."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.checkout import Checkout, git, new_clone
from tests.journeys.pulumi_codes import PASSPHRASE, PYTHON, pulumi_stage, python_program, stack_made, urn
from tests.journeys.stage import Stage
from tests.program import Program
from tests.rudeness.scene import descendants
from tests.waiting import until

pytestmark = [pytest.mark.pulumi, pytest.mark.slow]

GATED = 'File("a", value="1", gate=str(Path(PLACE).parent / "gates"))\n'
FOREIGN = {"pid": 1, "username": "ann", "hostname": "elsewhere", "timestamp": "2099-01-01T00:00:00Z"}

Lost = tuple[Stage, Path]


@pytest.fixture
def lost(
    repository: Checkout, run_runner: Program, pulumi_binary: Path, tmp_path: Path
) -> Callable[..., Lost]:
    """A run that was killed with all that it had started in the middle of an apply, and the place of its lock."""

    def begun(settings: str = "") -> Lost:
        (gates := tmp_path / "gates").mkdir()
        (states := tmp_path / "states").mkdir()
        files = python_program(GATED, tmp_path / "cloud", settings)
        files["stacks/app/Pulumi.yaml"] = f"{PYTHON}backend: {{url: 'file://{states}'}}\n"
        stage = pulumi_stage(repository, run_runner, pulumi_binary, files)
        stage = Stage(clone=stage.clone, program=run_runner, environment={**stage.environment, **PASSPHRASE})
        stack_made(stage, pulumi_binary)
        stage.change({}, "what `stack init` has written")
        run = run_runner.start("up", "dev", "--yes", "--json", cwd=stage.clone.path, env=stage.environment)
        until(lambda: (gates / "reached").exists() or run.poll() is not None)
        until(lambda: '"process":' in _announced(stage) or run.poll() is not None)
        assert run.poll() is None, run.communicate()
        _kill(run)
        (gates / "open").touch()
        return stage, states / ".pulumi/locks/organization/app/dev"

    return begun


def _announced(stage: Stage) -> str:
    return git("show", "refs/runner/locks/dev:leases/app.json", cwd=stage.clone.remote)


def _kill(run: subprocess.Popen[str]) -> None:
    below = sorted(descendants(run.pid))
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in (run.pid, *below):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
    run.wait(60)


def test_the_next_run_clears_the_lock_of_the_dead_one_on_the_record_and_no_other(
    lost: Callable[..., Lost],
) -> None:
    stage, place = lost()
    [left] = place.glob("*.json")
    (place / "foreign.json").write_text(json.dumps(FOREIGN))
    told = stage.run("up", "dev", "--yes", code=9)
    assert left.stem in told.diagnostic("engine-lock-cleared")["message"]
    assert [each.name for each in place.iterdir()] == ["foreign.json"]
    entry = stage.entries("dev")[-1]
    assert (entry["kind"], left.stem in entry["because"]) == ("recovery", True)
    assert told.diagnostic("outcome-unknown")["message"].endswith(urn("a"))
    stage.run("state", "recover", "dev/app", "--yes")
    held = stage.run("up", "dev", "--yes", code=4)
    assert "ann@elsewhere" in held.diagnostic("engine-locked")["message"]
    (place / "foreign.json").unlink()
    assert stage.run("up", "dev", "--yes").outcomes == {"dev/app": "succeeded"}


def test_of_a_lost_machine_the_lease_tells_which_lock_was_its_own(
    lost: Callable[..., Lost], tmp_path: Path
) -> None:
    stage, place = lost("leases: {term: 5s}\n")
    [left] = place.glob("*.json")
    other = new_clone(stage.clone.remote, tmp_path / "grace", person="Grace Example")
    other.git("remote", "set-head", "origin", "main")
    (other.path / ".git/runner").mkdir(mode=0o700)
    (other.path / ".git/runner/key").touch(mode=0o600)
    (other.path / ".git/runner/key").write_bytes((stage.clone.path / ".git/runner/key").read_bytes())
    grace = Stage(clone=other, program=stage.program, environment=stage.environment)
    until(
        lambda: (
            "outcome-unknown"
            in stage.program("up", "dev", "--yes", "--json", cwd=other.path, env=stage.environment).stdout
        )
    )
    assert left.exists(), "not before a person has looked"
    told = grace.run("state", "recover", "dev/app", "--yes")
    assert left.stem in told.diagnostic("engine-lock-cleared")["message"]
    assert list(place.iterdir()) == []
    assert left.stem in grace.entries("dev")[-1]["because"]
    assert grace.run("up", "dev", "--yes").outcomes == {"dev/app": "succeeded"}
