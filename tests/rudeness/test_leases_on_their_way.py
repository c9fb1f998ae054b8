"""Plans are made while their leases are on their way: what counts is what stands when they have come."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checkout import Checkout
from tests.journeys.codes import THREE
from tests.journeys.stage import kinds, path_with
from tests.program import Program
from tests.rudeness.scene import TARGET, Scene, Watched
from tests.waiting import until


def slow_leases(scene: Scene, *, also: str = "exit 0") -> Callable[[], bool]:
    """The next push waits at the remote for the file `leases-may-come`; later ones do as `also` says. What is returned
    says whether the first is there."""
    place, waits = scene.clone.remote / "hooks/pre-receive", scene.gates / "leases-wait"
    place.parent.mkdir(exist_ok=True)
    place.write_text(
        f"#!/bin/sh\nmkdir {waits} 2>/dev/null || {also}\n"
        f"while [ ! -e {scene.gates}/leases-may-come ]; do sleep 0.05; done\n"
    )
    place.chmod(0o755)
    return waits.exists


def planning(watched: Watched) -> None:
    """Reads on until the engine is about to plan, from what the record said before."""
    watched.until(lambda each: each["type"] == "target_progress" and each["phase"] == "planning")


def never_plans(program: Path, scene: Scene) -> dict[str, str]:
    """An environment whose engine says where it is, and goes on planning until it is stopped."""
    engine = scene.gates / "endless"
    engine.write_text(
        '#!/bin/sh\nfor word; do if [ "$word" = plan ]; then\n'
        f"  echo $$ > {scene.gates}/pid.new; mv {scene.gates}/pid.new {scene.gates}/pid; exec sleep 600\n"
        f'fi; done\nexec {program} "$@"\n'
    )
    engine.chmod(0o755)
    return path_with(engine, "terraform", scene.gates / "bin")


def runs(pid: int) -> bool:
    """Whether that process is there."""
    return Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(("verb", "outcome"), [("up", "unchanged"), ("destroy", "skipped")])
def test_what_another_run_did_to_the_target_meanwhile_is_planned_upon_and_stays(
    scene: Scene, verb: str, outcome: str
) -> None:
    scene.run("up", "prod", "--yes")
    other = scene.another("grace")
    scene.wish(1)
    other.clone.git("pull", "--quiet")
    waits = slow_leases(scene)
    watched = scene.start("up", "prod", "--yes")
    planning(watched)
    until(waits)
    other.run(verb, TARGET, "--yes")
    theirs = other.entries("prod")[-1]
    (scene.gates / "leases-may-come").touch()
    assert watched.finish() == 0, watched.told[-3:]
    finished = next(each for each in watched.told if each["type"] == "target_finished")
    assert finished["outcome"] == outcome, finished
    plans = [each for each in watched.told if each["type"] == "plan_ready"]
    assert [kinds(each) for each in plans] == ([{}] if verb == "up" else [])
    assert other.entries("prod")[-1] == theirs
    assert scene.run("locks", "prod").rows("lease") == []


def test_a_plan_from_an_output_that_another_run_changed_meanwhile_is_made_anew(
    repository: Checkout, run_runner: Program, tmp_path: Path, terraform_binary: Path
) -> None:
    (tmp_path / "gates").mkdir()
    scene = Scene(clone=repository, program=run_runner, gates=tmp_path / "gates")
    scene.change(THREE)
    repository.git("remote", "set-head", "origin", "main")
    scene.run("up", "prod", "--yes")
    other = scene.another("grace")
    settings = THREE["environments/prod.yaml"]
    scene.change({"environments/prod.yaml": settings.replace("10.0.0.0", "10.9.0.0")})
    other.clone.git("pull", "--quiet")
    waits = slow_leases(scene)
    watched = scene.start("up", "prod/app", "--yes")
    planning(watched)
    until(waits)
    other.run("up", "prod/network", "--yes")
    (scene.gates / "leases-may-come").touch()
    assert watched.finish() == 0, watched.told[-3:]
    (plan,) = [each for each in watched.told if each["type"] == "plan_ready"]
    newest = scene.entries("prod")[-1]
    assert newest["target"] == "prod/app"
    assert newest["digests"]["plan"] == plan["digest"]
    assert "10.9.0.0/16" in str(scene.attributes("prod/app", "terraform_data.app")["output"])


def test_a_lease_that_another_run_took_meanwhile_ends_the_planning(
    gated: Callable[..., Scene], terraform_binary: Path
) -> None:
    scene = gated()
    scene.open_gate(0)
    scene.run("up", "prod", "--yes")
    other = scene.another("grace")
    scene.wish(1)
    other.clone.git("pull", "--quiet")
    waits = slow_leases(scene)
    watched = scene.start("up", "prod", "--yes", env=never_plans(terraform_binary, scene))
    planning(watched)
    until(lambda: waits() and (scene.gates / "pid").exists())
    theirs = other.start("up", "prod", "--yes")
    theirs.until(lambda each: scene.reached(1))
    (scene.gates / "leases-may-come").touch()
    assert watched.finish() == 4, watched.told[-3:]
    assert not runs(int((scene.gates / "pid").read_text())), "nobody waits for its plan"
    assert "plan_ready" not in watched.kinds()
    assert [run for run in scene.runs() if (run / "work").exists()] == []
    (lease,) = scene.run("locks", "prod").rows("lease")
    assert lease["holder"] == "grace@example.test", lease
    scene.open_gate(1)
    assert theirs.finish() == 0
    scene.all_is_told()


def test_a_remote_that_hangs_ends_the_planning(scene: Scene, terraform_binary: Path) -> None:
    scene.run("up", "prod", "--yes")
    scene.wish(1)
    waits, before = slow_leases(scene, also="true"), scene.refs()
    env = {**never_plans(terraform_binary, scene), "GITOPS_RUNNER_NETWORK_TIMEOUT": "2"}
    watched = scene.start("up", "prod", "--yes", env=env)
    planning(watched)
    until(waits)
    assert watched.finish() == 6, watched.told[-3:]
    assert scene.refs() == before
    pid = scene.gates / "pid"
    assert not pid.exists() or not runs(int(pid.read_text()))
    assert [run for run in scene.runs() if (run / "work").exists()] == []
    (scene.gates / "leases-may-come").touch()
