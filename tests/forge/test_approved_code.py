"""Two pull requests of one target, shown and approved side by side and merged one after the other (law 1): the plan of
the first is applied with the code of both, where each was approved and merged as it was, and no value is unknown."""

from pathlib import Path

import pytest

from runner.model.names import TargetName
from runner.model.pull_request import PullRequest
from tests.checkout import git
from tests.forge.gitea_bench import GiteaBench
from tests.forge.merged_request import MergedRequest
from tests.forge.test_whole_loop import Jobs
from tests.program import Program

APP = TargetName(environment="prod", stack="app")
CODE = 'output "one" { value = 1 }\n'
COMMENT = {"stacks/app/said.tf": "# what it is for\n"}


@pytest.fixture
def jobs(
    gitea: GiteaBench,
    run_runner: Program,
    tmp_path: Path,
    terraform_binary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Jobs:
    """One output is live in prod/app, which wants one review."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    path = f"repos/{gitea.path}"
    gitea.server.ask(gitea.server.admin, "PATCH", path, {"allow_manual_merge": True})
    return Jobs(MergedRequest(gitea, tmp_path / "clone", {"stacks/app/main.tf": CODE}), run_runner, tmp_path)


def side_by_side(jobs: Jobs, first: dict[str, str | None], *, approved: bool = True) -> list[PullRequest]:
    """One that changes what is made, and one that changes nothing but code; both are shown, the first is approved."""
    pulls = [jobs.scene.open(1, each) for each in (first, COMMENT)]
    for pull in pulls:
        jobs.pull(pull)
        if approved or pull is pulls[0]:
            jobs.scene.approve(pull)
    return pulls


CHANGED: dict[str, str | None] = {"stacks/app/main.tf": CODE.replace("1", "2")}


def test_what_differs_in_code_alone_and_was_approved_by_itself_is_applied(jobs: Jobs) -> None:
    scene = jobs.scene
    first, second = side_by_side(jobs, CHANGED)
    scene.merge(first)
    scene.merge(second)
    assert jobs.push().outcomes == {"prod/app": "succeeded"}
    newest = scene.record(APP)[0]
    assert (newest["Approved-by"], newest["Pull-Request"]) == ("bob", f"{second.number},{first.number}")


def test_what_nobody_approved_or_came_by_no_pull_request_is_not_excused(jobs: Jobs) -> None:
    scene = jobs.scene
    first, second = side_by_side(jobs, CHANGED, approved=False)
    scene.merge(first)
    scene.merge(second)
    told = jobs.push(code=8)
    assert told.outcomes == {"prod/app": "pending"}
    digest = next(each["digest"] for each in told.rows("apply_pending"))
    scene.gitea.say(first.number, scene.gitea.reviewer, f"runner approve prod/app {digest}")
    assert jobs.push().outcomes == {"prod/app": "succeeded"}

    third = scene.open(1, {"stacks/app/main.tf": CODE.replace("1", "3")})
    jobs.pull(third)
    scene.approve(third)
    scene.merge(third)
    scene.clone.git("fetch", "--quiet", "origin", "main")
    scene.clone.git("switch", "--quiet", "--detach", "FETCH_HEAD")
    scene.clone.commit({"stacks/app/sneaked.tf": "# said by nobody\n"}, "sneaked")
    scene.clone.push("main")
    assert jobs.push(code=8).outcomes == {"prod/app": "pending"}


def test_a_merge_that_holds_more_than_its_pull_request_is_not_excused(jobs: Jobs) -> None:
    scene, gitea = jobs.scene, jobs.scene.gitea
    first, second = side_by_side(jobs, CHANGED)
    scene.merge(first)
    clone = scene.clone
    clone.git("fetch", "--quiet", "origin", "main")
    clone.git("switch", "--quiet", "--detach", "FETCH_HEAD")
    clone.git("merge", "--quiet", "--no-ff", "--no-commit", second.head_commit)
    evil = clone.commit({"stacks/app/more.tf": "# and more\n"}, "merged by hand")
    git("push", "--quiet", "origin", f"{evil}:refs/heads/main", cwd=clone.path)
    merged = {"Do": "manually-merged", "MergeCommitID": evil}
    gitea.ask(gitea.reviewer, "POST", f"pulls/{second.number}/merge", merged)
    assert jobs.push(code=8).outcomes == {"prod/app": "pending"}


def test_with_a_value_that_is_known_only_after_the_apply_equal_changes_prove_nothing(jobs: Jobs) -> None:
    scene = jobs.scene
    first, second = scene.open(2), scene.open(1, {"stacks/network/said.tf": "# what it is for\n"})
    for pull in (first, second):
        jobs.pull(pull)
        scene.approve(pull)
    scene.merge(first)
    scene.merge(second)
    assert jobs.push(code=8).outcomes == {"prod/network": "pending"}
