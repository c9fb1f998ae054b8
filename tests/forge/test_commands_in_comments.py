"""What a comment asks of leases and stops, by the real program on a real Gitea: done by who may, once, recorded."""

from pathlib import Path

import pytest

from runner.model.person import Person
from runner.model.pull_request import PullRequest
from tests.forge.gitea_bench import GiteaBench
from tests.forge.merged_request import MergedRequest
from tests.forge.test_whole_loop import NETWORK, Jobs
from tests.journeys.codes import waiting_for
from tests.journeys.stage import Told
from tests.program import Program
from tests.waiting import until

APPLY = ("--stage", "apply")


@pytest.fixture
def jobs(
    gitea: GiteaBench,
    run_runner: Program,
    tmp_path: Path,
    terraform_binary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Jobs:
    """A repository whose first commit is live in prod, where leases are renewed every four seconds."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    files = {"environments/prod.yaml": "requires: {reviews: {count: 1}}\nleases: {term: 12s}\n"}
    return Jobs(MergedRequest(gitea, tmp_path / "clone", files), run_runner, tmp_path)


def event(pull: PullRequest, comment: str) -> dict[str, object]:
    """What a job is told of a new comment."""
    return {
        "action": "created",
        "issue": {"number": pull.number, "pull_request": {}},
        "comment": {"id": int(comment)},
    }


def asks(jobs: Jobs, pull: PullRequest, by: Person, line: str, *stage: str) -> tuple[Told, str]:
    """Says it on the pull request and runs the job; what the job told, and the answer."""
    asked = jobs.scene.gitea.say(pull.number, by, line)
    told = jobs.run("issue_comment", event(pull, asked), *(stage or APPLY))
    said = [each.body for each in jobs.scene.forge.comments(pull.number) if f"\t{asked}\t" in each.body]
    assert len(said) <= 1
    return told, said[0] if said else ""


def kinds(jobs: Jobs, run_runner: Program) -> list[tuple[str, str]]:
    """The record, oldest first: kind and actor."""
    env = {"GIT_ALLOW_PROTOCOL": "file:http"}
    rows = Told(run_runner("log", "-n", "0", "--json", cwd=jobs.scene.clone.path, env=env)).rows("entry")
    return [(each["kind"], each["actor"]["name"]) for each in rows][::-1]


def test_freezes_and_locks_are_asked_for_on_a_pull_request_and_stop_its_merge(
    jobs: Jobs, run_runner: Program
) -> None:
    scene, gitea = jobs.scene, jobs.scene.gitea
    pull = scene.open(size=2)
    _, answer = asks(jobs, pull, gitea.reviewer, "runner lock prod/network the bank is being moved")
    assert "`prod/network` is frozen" in answer
    jobs.pull(pull)
    (comment,) = scene.comments(pull)
    assert "the bank is being moved" in comment.body
    scene.approve(pull)
    scene.merge(pull)
    told = jobs.push(code=8)
    assert "is locked: the bank is being moved" in told.becauses["prod/network"]
    ran = run_runner("locks", "--json", cwd=scene.clone.path, env=scene.as_person("bob"))
    (frozen,) = Told(ran).rows("freeze")
    assert frozen["place"] == "prod/network"
    assert "bob" in frozen["because"]

    _, answer = asks(jobs, pull, gitea.author, "runner freeze prod an incident")
    assert "`prod` is frozen" in answer
    _, answer = asks(jobs, pull, gitea.reviewer, "runner unlock prod/network")
    assert "`prod/network` is not frozen any more" in answer
    told = jobs.push(code=8)
    assert "`prod` is frozen: an incident" in told.becauses["prod/network"]
    asks(jobs, pull, gitea.reviewer, "runner thaw prod")
    assert jobs.push().outcomes == {"prod/network": "succeeded"}
    assert kinds(jobs, run_runner)[-5:-1] == [
        ("freeze", "bob"),
        ("freeze", "alice"),
        ("thaw", "bob"),
        ("thaw", "bob"),
    ]


def test_only_who_may_push_is_obeyed_once_and_only_by_the_job_that_signs(
    jobs: Jobs, run_runner: Program
) -> None:
    scene, gitea = jobs.scene, jobs.scene.gitea
    pull = scene.open(size=2)
    _, answer = asks(jobs, pull, gitea.reader, "runner freeze prod mine", "--stage", "publish")
    assert "may not ask for this" in answer
    told, answer = asks(jobs, pull, gitea.reviewer, "runner freeze prod later", "--stage", "publish")
    assert answer == ""
    assert "not for the stage `publish`" in told.result["did"]
    _, answer = asks(jobs, pull, gitea.reviewer, "runner lock prod all of it")
    assert "an environment, and a lock is of one target" in answer
    _, answer = asks(jobs, pull, gitea.reviewer, "runner freeze nowhere at all")
    assert "there is no environment `nowhere`" in answer
    assert [kind for kind, _ in kinds(jobs, run_runner)] == ["apply", "apply"], "nothing was done so far"

    asked = gitea.say(pull.number, gitea.reviewer, "runner freeze prod an incident")
    for _ in range(2):
        jobs.run("issue_comment", event(pull, asked), *APPLY)
    assert kinds(jobs, run_runner)[2:] == [("freeze", "bob")], "a job that runs again does nothing twice"
    gitea.rewrite(pull.number, asked, gitea.author, "runner thaw prod")
    told = jobs.run("issue_comment", {**event(pull, asked), "action": "edited"}, *APPLY)
    assert "edited" in told.result["did"]
    assert kinds(jobs, run_runner)[2:] == [("freeze", "bob")]


def test_a_comment_stops_the_run_that_applies(jobs: Jobs, run_runner: Program, tmp_path: Path) -> None:
    scene = jobs.scene
    pull = scene.open(size=2)
    waits = waiting_for(tmp_path / "go-on", tmp_path / "begun")
    slow = f'resource "terraform_data" "slow" {{\n{waits}}}\n'
    later = 'resource "terraform_data" "later" {\n  depends_on = [terraform_data.slow]\n}\n'
    scene.clone.git("switch", "--quiet", "--detach", "origin/main")
    scene.clone.commit({"stacks/network/slow.tf": slow + later}, "slow")
    scene.clone.push("main")
    _, answer = asks(jobs, pull, scene.gitea.reviewer, "runner cancel")
    assert "no run holds anything" in answer
    by_hand = scene.as_person("bob")
    words = ("up", "prod/network", "--yes", "--break-glass", "slow", "--json")
    run = run_runner.start(*words, cwd=scene.clone.path, env=by_hand)
    until(lambda: (tmp_path / "begun").exists() or run.poll() is not None)
    assert run.poll() is None, run.communicate()
    _, answer = asks(jobs, pull, scene.gitea.reviewer, "runner cancel")
    assert "asked to stop" in answer
    assert "prod/network" in answer
    assert run.stdout
    said = next(line for line in run.stdout if "run-cancelled" in line)
    assert "bob: cancel (comment" in said
    (tmp_path / "go-on").touch()
    stdout, stderr = run.communicate(timeout=120)
    assert run.returncode == 130, stdout + stderr
    newest = scene.record(NETWORK)
    assert [each["Result"] for each in newest[:2]] == ["interrupted", "succeeded"]
    assert (newest[1]["Kind"], newest[1]["Actor"], newest[1]["Actor-Confirmed"]) == ("cancel", "bob", "yes")
