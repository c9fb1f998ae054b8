"""`init --ci gitea`, and then the main loop as its workflow runs it: the real server hands out the jobs."""

import base64
from pathlib import Path
from typing import cast

import pytest

from runner.model.check import CheckState
from runner.model.names import TargetName
from runner.model.pull_request import MergeKind
from tests.forge.actions_machine import ActionsMachine, Job
from tests.forge.gitea_bench import GiteaBench
from tests.forge.merged_request import MergedRequest
from tests.program import Program

NETWORK = TargetName(environment="prod", stack="network")


def secret(gitea: GiteaBench, name: str, value: str) -> None:
    """Sets one of the repository's."""
    gitea.server.ask(gitea.server.admin, "PUT", f"repos/{gitea.path}/actions/secrets/{name}", {"data": value})


@pytest.fixture
def machine(
    gitea: GiteaBench,
    run_runner: Program,
    tmp_path: Path,
    terraform_binary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[MergedRequest, ActionsMachine]:
    """A repository whose first commit is live, set up as the head of the workflow says."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    scene = MergedRequest(gitea, tmp_path / "clone")
    key = run_runner("key", "export", "prod", cwd=scene.clone.path)
    assert key.code == 0, key.stderr
    made = run_runner("init", "--ci", "gitea", "--yes", "--json", cwd=scene.clone.path)
    assert made.code == 0, made.stderr
    scene.clone.git("add", ".gitea")
    scene.clone.git("commit", "--quiet", "-m", "runner in CI")
    secret(gitea, "GITOPS_RUNNER_KEY", key.stdout.strip())
    secret(gitea, "RUNNER_FORGE_TOKEN", gitea.accounts["robot"].token)
    secret(gitea, "RUNNER_READ_TOKEN", gitea.accounts["robot"].token)
    (tmp_path / "machine").mkdir()
    machine = ActionsMachine(gitea, tmp_path / "machine")
    scene.clone.push("main")
    done = machine.work("push")
    assert [(each.name, each.result) for each in done if each.result != "RESULT_SKIPPED"] == [
        ("apply", "RESULT_SUCCESS")
    ], [each.printed for each in done]
    return scene, machine


STRANGE = """\
data "external" "theirs" {
  program = ["sh", "-c", "touch %s; echo '{}'"]
}
"""


def theirs(gitea: GiteaBench, marker: Path) -> str:
    """A commit in carol's fork, whose plan runs a program that leaves a mark."""
    content = base64.b64encode((STRANGE % marker).encode()).decode()
    words = {"content": content, "message": "harmless", "branch": "main", "new_branch": "theirs"}
    path = f"repos/carol/{gitea.name}/contents/stacks/network/more.tf"
    made = gitea.server.ask(gitea.accounts["carol"], "POST", path, words)
    return cast(dict[str, dict[str, str]], made)["commit"]["sha"]


def ran(actions: ActionsMachine, event: str) -> dict[str, Job]:
    """The jobs that did something, by name."""
    return {each.name: each for each in actions.work(event) if each.result != "RESULT_SKIPPED"}


def test_open_read_approve_merge_and_it_is_applied(
    machine: tuple[MergedRequest, ActionsMachine], tmp_path: Path
) -> None:
    scene, actions = machine
    pull = scene.open(size=2)
    jobs = ran(actions, "pull_request_target")
    assert {name: each.result for name, each in jobs.items()} == {
        "plan": "RESULT_SUCCESS",
        "publish": "RESULT_SUCCESS",
    }, jobs
    robot = scene.gitea.accounts["robot"].token
    assert robot not in str(jobs["plan"].given), "what runs the code has no token that may write"
    (comment,) = scene.comments(pull)
    assert "prod/network" in comment.body
    (whole,) = tmp_path.glob("machine/kept-*-runner-preview-whole/runner-preview.md")
    run = whole.parent.name.split("-")[1]
    assert f"]({scene.gitea.server.url}/{scene.gitea.path}/actions/runs/{run})" in comment.body
    assert "in the engine's own words" in whole.read_text()
    assert scene.report(pull.head_commit).state is not CheckState.PASSED

    scene.approve(pull)
    jobs = ran(actions, "pull_request_review")
    assert set(jobs) == {"publish"}
    assert scene.report(pull.head_commit).state is CheckState.PASSED, jobs

    scene.merge(pull, MergeKind.SQUASH)
    jobs = ran(actions, "push")
    newest = scene.record(NETWORK)[0]
    assert (newest["Result"], newest["Approved-by"], newest["Pull-Request"]) == (
        "succeeded",
        "bob",
        str(pull.number),
    ), jobs
    assert jobs["apply"].result == "RESULT_SUCCESS"


def test_a_fork_s_request_is_read_without_a_secret_until_its_commit_is_named(
    machine: tuple[MergedRequest, ActionsMachine], tmp_path: Path
) -> None:
    scene, actions = machine
    gitea = scene.gitea
    gitea.fork(gitea.reader)
    head = theirs(gitea, tmp_path / "ran")
    number = gitea.open("theirs", gitea.reader, "from afar")
    jobs = ran(actions, "pull_request_target")
    assert set(jobs) == {"stranger", "publish"}
    assert not any(jobs["stranger"].given.values()), "no token, no key"
    assert not (tmp_path / "ran").exists()
    pull = scene.forge.pull_request(number)
    (comment,) = scene.comments(pull)
    assert f"runner preview {head}" in comment.body

    asked = {"ref": "main", "inputs": {"pull_request": str(number), "commit": head}}
    path = f"repos/{gitea.path}/actions/workflows/runner.yaml/dispatches"
    gitea.server.ask(gitea.accounts["bob"], "POST", path, asked)
    jobs = ran(actions, "workflow_dispatch")
    (comment,) = scene.comments(pull)
    assert f"runner preview {head}" not in comment.body, [each.printed for each in jobs.values()]
    assert scene.report(head).state is not CheckState.PASSED
