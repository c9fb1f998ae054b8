"""Merges as they come in CI: while another one is applied, by hand beside them, and back again. Each job is the real
program in a clone of its own that remembers nothing."""

import itertools
import json
import subprocess
from pathlib import Path

import pytest

from runner.model.check import CheckState
from runner.model.names import TargetName
from runner.model.pull_request import MergeKind, PullRequest
from tests.checkout import git
from tests.forge.gitea_bench import GiteaBench
from tests.forge.merged_request import MergedRequest
from tests.forge.published_request import STACK
from tests.journeys.codes import waiting_for
from tests.program import Program, Ran
from tests.waiting import until


class ApplyJobs:
    """The apply jobs of pushes to main, each in a fresh clone."""

    def __init__(self, scene: MergedRequest, program: Program, place: Path) -> None:
        self._scene = scene
        self._program = program
        self._place = place
        self._count = itertools.count(1)

    def start(self) -> subprocess.Popen[str]:
        """One that runs."""
        scene, clone = self._scene, self._place / f"job-{next(self._count)}"
        remote = scene.gitea.remote("robot")
        git("clone", "--quiet", remote, str(clone), cwd=self._place)
        kept = clone / ".git/runner"
        kept.mkdir(mode=0o700)
        (kept / "key").write_bytes((scene.clone.path / ".git/runner/key").read_bytes())
        (kept / "key").chmod(0o600)
        event = clone.with_suffix(".json")
        event.write_text(json.dumps({"ref": "refs/heads/main", "after": "0" * 40}))
        variables = {"GITHUB_ACTIONS": "true", "GITEA_ACTIONS": "true", "GITHUB_EVENT_NAME": "push"}
        variables |= {"GITHUB_EVENT_PATH": str(event), "GITHUB_REPOSITORY": scene.gitea.path}
        variables |= {"GIT_ALLOW_PROTOCOL": "file:http", "GITEA_TOKEN": scene.gitea.accounts["robot"].token}
        return self._program.start("ci", "--stage", "apply", "--json", cwd=clone, env=variables)

    def run(self) -> Ran:
        """One that has ended."""
        return ended(self.start())


def ended(job: subprocess.Popen[str]) -> Ran:
    """How it did."""
    stdout, stderr = job.communicate(timeout=200)
    return Ran(job.returncode, stdout, stderr)


def outcomes(ran: Ran) -> dict[str, str]:
    """Target -> its last outcome in that job."""
    rows = [each for each in ran.objects if each["type"] == "target_finished"]
    return {str(each["target"]): str(each["outcome"]) for each in rows}


def shown(scene: MergedRequest, pull: PullRequest) -> PullRequest:
    """Previewed and approved."""
    scene.show(pull)
    scene.approve(pull)
    return pull


def named(stack: str) -> TargetName:
    """The stack in prod."""
    return TargetName(environment="prod", stack=stack)


def pulls_of(scene: MergedRequest, stack: str) -> list[str]:
    """By which pull requests a target was applied, the newest first; the beginning has none."""
    return [each.get("Pull-Request", "") for each in scene.record(named(stack))]


@pytest.mark.usefixtures("terraform_binary")
def test_three_merges_and_a_push_while_the_first_applies_and_then_a_revert(
    gitea: GiteaBench, run_runner: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    scene = MergedRequest(gitea, tmp_path / "clone")
    jobs = ApplyJobs(scene, run_runner, tmp_path)
    gate, begun = tmp_path / "gate", tmp_path / "begun"
    slow = 'resource "terraform_data" "slow" {\n' + waiting_for(gate, begun) + "}\n"
    first = shown(scene, scene.open(size=2, files={"stacks/network/slow.tf": slow}))
    others = [
        shown(scene, scene.open(size=1, files={f"stacks/{stack}/main.tf": STACK.format(size=3)}))
        for stack in ("app", "dns", "mail")
    ]
    overtaken = shown(scene, scene.open(size=9))
    assert scene.recount(overtaken).state is CheckState.PASSED
    scene.merge(first)
    one = jobs.start()
    until(lambda: begun.exists() or one.poll() is not None)
    assert one.poll() is None, ended(one)
    kinds = (MergeKind.SQUASH, MergeKind.REBASE, MergeKind.MERGE)
    for pull, kind in zip(others, kinds, strict=True):
        scene.merge(pull, kind)
    scene.clone.git("fetch", "--quiet", "origin")
    scene.clone.git("switch", "--quiet", "--detach", "origin/main")
    scene.clone.commit({"README.md": "words"}, "a push during an apply")
    scene.clone.push("main")
    two = jobs.run()
    assert outcomes(two).get("prod/network") != "succeeded", "it is being applied"
    gate.touch()
    done = ended(one)
    assert outcomes(done)["prod/network"] == "succeeded", done
    last = jobs.run()
    assert last.code == 0, last
    assert pulls_of(scene, "network") == [str(first.number), ""], "once"
    for stack, pull in zip(("app", "dns", "mail"), others, strict=True):
        assert pulls_of(scene, stack)[0] == str(pull.number)
        assert len(pulls_of(scene, stack)) == (2 if stack == "app" else 1), "once"
    assert not outcomes(jobs.run()), "nothing is left to do"
    assert "waits for a new preview" in scene.report(overtaken.head_commit).title
    assert scene.recount(overtaken).state is CheckState.WAITING

    back = shown(scene, reverting(scene))
    scene.merge(back, MergeKind.REBASE)
    assert outcomes(jobs.run()) == {"prod/network": "succeeded"}
    assert pulls_of(scene, "network")[0] == str(back.number)
    state = run_runner(
        "state", "pull", "prod/network", cwd=scene.clone.path, env={"GIT_ALLOW_PROTOCOL": "file:http"}
    )
    held = {f"{each['type']}.{each['name']}": each for each in json.loads(state.stdout)["resources"]}
    assert set(held) == {"terraform_data.x"}
    assert held["terraform_data.x"]["instances"][0]["attributes"]["input"]["value"] == 1


def reverting(scene: MergedRequest) -> PullRequest:
    """What takes the first merge back."""
    scene.clone.git("fetch", "--quiet", "origin")
    scene.clone.git("switch", "--quiet", "--detach", "origin/main")
    return scene.open(size=1, files={"stacks/network/slow.tf": None})
