"""`apply: before-merge` by the real program on a real Gitea: applied, held, and merged if asked."""

from pathlib import Path

import pytest

from runner.model.pull_request import PullRequest, PullState
from tests.forge.gitea_bench import GiteaBench
from tests.forge.merged_request import MergedRequest
from tests.forge.published_request import NETWORK, STACK
from tests.forge.test_commands_in_comments import APPLY, asks, event
from tests.forge.test_whole_loop import Jobs
from tests.program import Program
from tests.waiting import until

GATES = "apply: before-merge\nrequires: {reviews: {count: 1}}\n"


@pytest.fixture
def jobs(
    gitea: GiteaBench,
    run_runner: Program,
    tmp_path: Path,
    terraform_binary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Jobs:
    """A repository whose first commit is live in prod, which applies before a merge, and wants a review."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    files = {"environments/prod.yaml": GATES}
    return Jobs(MergedRequest(gitea, tmp_path / "clone", files), run_runner, tmp_path)


def waits(jobs: Jobs, pull: PullRequest, line: str = "runner apply") -> str:
    """bob asks for an apply that waits; for what."""
    asked = jobs.scene.gitea.say(pull.number, jobs.scene.gitea.reviewer, line)
    return jobs.run("issue_comment", event(pull, asked), *APPLY, code=8).becauses["prod/network"]


def test_what_is_approved_is_applied_then_merged_and_the_merge_applies_nothing(jobs: Jobs) -> None:
    scene, gitea = jobs.scene, jobs.scene.gitea
    pull = scene.open()
    jobs.pull(pull)
    assert "approval" in waits(jobs, pull, "runner apply --merge")
    assert len(scene.record(NETWORK)) == 1
    assert scene.forge.pull_request(pull.number).state is PullState.OPEN
    scene.approve(pull)
    told, answer = asks(jobs, pull, gitea.author, "runner apply --merge")
    assert told.outcomes == {"prod/network": "succeeded"}, told.result
    assert answer.rstrip().endswith("merged")
    newest = scene.record(NETWORK)[0]
    assert (newest["Pull-Request"], newest["Approved-by"]) == (str(pull.number), "bob")
    assert newest["Actor"] == "alice"
    assert scene.forge.pull_request(pull.number).state is PullState.MERGED
    assert jobs.push().outcomes == {}
    assert len(scene.record(NETWORK)) == 2
    assert [each.state for each in scene.status(NETWORK)] == ["live"]


def test_what_was_pushed_after_the_approval_is_not_applied_nor_what_a_reader_asks_for(jobs: Jobs) -> None:
    scene, gitea = jobs.scene, jobs.scene.gitea
    pull = scene.open()
    jobs.pull(pull)
    scene.approve(pull)
    _, answer = asks(jobs, pull, gitea.reader, "runner apply", "--stage", "publish")
    assert "may not ask for this" in answer
    _, answer = asks(jobs, pull, gitea.reviewer, "> runner apply")
    assert answer == ""
    pushed = scene.push(pull.head, 3, {})
    until(lambda: scene.forge.pull_request(pull.number).head_commit == pushed)
    assert "approval" in waits(jobs, pull)
    assert len(scene.record(NETWORK)) == 1
    gitea.close(pull.number)
    _, answer = asks(jobs, pull, gitea.reviewer, "runner apply", "--stage", "publish")
    assert "closed" in answer
    told, _ = asks(jobs, pull, gitea.reviewer, "runner apply")
    assert told.outcomes == {}
    assert len(scene.record(NETWORK)) == 1


def test_what_a_pull_request_applied_is_its_own_until_it_is_merged_or_closed(jobs: Jobs) -> None:
    scene, gitea = jobs.scene, jobs.scene.gitea
    pull = scene.open()
    jobs.pull(pull)
    scene.approve(pull)
    told, _ = asks(jobs, pull, gitea.reviewer, "runner apply")
    assert told.outcomes == {"prod/network": "succeeded"}
    other = scene.open(size=7)
    jobs.pull(other)
    scene.approve(other)
    assert f"pull request {pull.number} applied it before its merge" in waits(jobs, other)
    scene.clone.git("switch", "--quiet", "--detach", "origin/main")
    scene.clone.commit({"stacks/app/main.tf": STACK.format(size=9)}, "another stack")
    scene.clone.push("main")
    told = jobs.push(code=8)
    assert f"pull request {pull.number} applied it before its merge" in told.becauses["prod/network"]
    assert len(scene.record(NETWORK)) == 2, "a push does not undo it"
    gitea.close(pull.number)
    told = jobs.push(code=8)
    assert "closed without a merge" in told.becauses["prod/network"]
    assert len(scene.record(NETWORK)) == 2
