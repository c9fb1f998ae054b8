"""What else happens in the main loop, on a real Gitea; the loop itself is in test_three_forges, for every brand."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from runner.model.check import CheckState
from runner.model.names import TargetName
from runner.model.pull_request import PullRequest
from tests.forge.gitea_bench import GiteaBench
from tests.forge.merged_request import MergedRequest
from tests.forge.published_request import STACK
from tests.journeys.stage import Told
from tests.program import Program

WAITING = (CheckState.WAITING, CheckState.QUEUED)  # Gitea knows one word for both
NETWORK = TargetName(environment="prod", stack="network")


class Jobs:
    """The jobs of the forge's CI: each runs the program in a clone, told of an event as Gitea's runners tell it."""

    def __init__(self, scene: MergedRequest, program: Program, place: Path) -> None:
        self.scene = scene
        self._program = program
        self._place = place
        self.variables: dict[str, str] = {}

    def run(
        self, event: str, payload: Mapping[str, object], *words: str, token: bool = True, code: int = 0
    ) -> Told:
        """One job; `token`: it has the robot's."""
        file = self._place / "event.json"
        file.write_text(json.dumps(payload))
        variables = {"GITHUB_ACTIONS": "true", "GITEA_ACTIONS": "true", "GITHUB_EVENT_NAME": event}
        variables |= {"GITHUB_EVENT_PATH": str(file), "GITHUB_REPOSITORY": self.scene.gitea.path}
        variables |= {"GIT_ALLOW_PROTOCOL": "file:http"}
        variables |= self.variables
        if token:
            variables["GITEA_TOKEN"] = self.scene.gitea.accounts["robot"].token
        ran = self._program("ci", *words, "--json", cwd=self.scene.clone.path, env=variables)
        assert ran.code == code, f"{ran.code}\n{ran.stdout}\n{ran.stderr}"
        return Told(ran)

    def pull(
        self, pull: PullRequest, *words: str, action: str = "opened", token: bool = True, code: int = 0
    ) -> Told:
        """The job of a pull request's event."""
        told = {
            "action": action,
            "number": pull.number,
            "pull_request": {
                "number": pull.number,
                "base": {"ref": pull.into},
                "head": {"sha": pull.head_commit},
            },
        }
        return self.run("pull_request", told, *words, token=token, code=code)

    def push(self, branch: str = "main", code: int = 0) -> Told:
        """The job of a push."""
        return self.run(
            "push", {"ref": f"refs/heads/{branch}", "after": "0" * 40}, "--stage", "apply", code=code
        )


@pytest.fixture
def jobs(
    gitea: GiteaBench,
    run_runner: Program,
    tmp_path: Path,
    terraform_binary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Jobs:
    """A repository whose first commit is live in prod, which wants one review."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    return Jobs(MergedRequest(gitea, tmp_path / "clone"), run_runner, tmp_path)


LONG = 'resource "terraform_data" "long" {\n  input = join(",", range(0, 1000))\n}\n'


def test_what_fits_no_comment_is_approved_only_where_the_whole_of_it_can_be_opened(
    jobs: Jobs, tmp_path: Path
) -> None:
    scene = jobs.scene
    jobs.variables = {"GITHUB_SERVER_URL": scene.gitea.server.url, "GITHUB_RUN_ID": "17"}
    pull = scene.open(size=2, files={"stacks/network/long.tf": LONG})
    artifact = ("--artifact", str(tmp_path / "preview.json"))
    jobs.pull(pull, "--stage", "plan", *artifact, token=False)
    jobs.pull(pull, "--stage", "publish", *artifact)
    (comment,) = scene.comments(pull)
    assert "cannot be approved" in comment.body
    assert "runs/17" not in comment.body
    scene.approve(pull)
    jobs.run("pull_request_review", review_of(pull), "--stage", "publish")
    assert scene.report(pull.head_commit).state is not CheckState.PASSED

    whole, elsewhere = tmp_path / "whole.md", tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    whole.symlink_to(elsewhere)
    jobs.pull(pull, "--stage", "publish", *artifact, "--document", str(whole))
    assert elsewhere.read_text() == "mine"
    assert ",".join(str(each) for each in range(1000)) in whole.read_text()
    (comment,) = scene.comments(pull)
    assert f"]({scene.gitea.server.url}/{scene.gitea.path}/actions/runs/17)" in comment.body
    scene.approve(pull)
    jobs.run("pull_request_review", review_of(pull), "--stage", "publish")
    assert scene.report(pull.head_commit).state is CheckState.PASSED


def test_at_the_head_of_a_queue_what_is_not_approved_fails_and_what_is_approved_passes(
    jobs: Jobs, tmp_path: Path
) -> None:
    scene, clone = jobs.scene, jobs.scene.clone
    one, two = scene.open(size=2), scene.open(size=1, files={"stacks/app/main.tf": STACK.format(size=3)})
    clone.git("switch", "--quiet", "--detach", "origin/main")
    head = ""
    for pull in (one, two):
        jobs.pull(pull)
        clone.git("merge", "--quiet", "--no-ff", "--no-edit", pull.head_commit)
        head = clone.git("rev-parse", "HEAD")
        # As GitHub's queue does it: a branch of its own at what each of them is merged to.
        clone.push(f"gh-readonly-queue/main/pr-{pull.number}-{head}")
    scene.approve(one)
    queue = {"action": "checks_requested", "merge_group": {"head_sha": head, "base_ref": "refs/heads/main"}}
    artifact = ("--artifact", str(tmp_path / "handed" / "preview.json"))
    planned = jobs.run("merge_group", queue, "--stage", "plan", *artifact)
    assert {each["target"] for each in planned.rows("target_previewed")} == {"prod/network", "prod/app"}
    jobs.run("merge_group", queue, "--stage", "publish", *artifact)
    told = scene.report(head)
    assert (told.state, "`prod/app` waits for 1 more" in told.title) == (CheckState.FAILED, True), told
    scene.approve(two)
    jobs.run("merge_group", queue, "--stage", "publish", *artifact)
    assert scene.report(head).state is CheckState.PASSED
    (tmp_path / "handed" / "preview.json").unlink()
    jobs.run("merge_group", queue, "--stage", "publish", *artifact, code=2)
    assert scene.report(head).state is CheckState.FAILED, "without a preview nothing is green"


def test_one_job_that_does_all_says_whom_it_trusts(jobs: Jobs) -> None:
    pull = jobs.scene.open(size=3)
    told = jobs.pull(pull)
    assert [each["code"] for each in told.result["diagnostics"]][:1] == ["ci-one-job"]
    assert len(jobs.scene.comments(pull)) == 1


def test_nothing_affected_is_a_green_check_with_its_because(jobs: Jobs) -> None:
    pull = jobs.scene.open(size=1, files={"README.md": "words\n"})
    jobs.pull(pull)
    report = jobs.scene.report(pull.head_commit)
    assert report.state is CheckState.PASSED
    assert "nothing is affected" in report.title


def test_a_conflict_is_a_red_check(jobs: Jobs) -> None:
    scene = jobs.scene
    first, second = scene.open(size=4), scene.open(size=5)
    jobs.pull(first)
    scene.approve(first)
    scene.merge(first)
    told = jobs.pull(second, code=1)
    assert scene.report(second.head_commit).state is CheckState.FAILED
    assert "merge-conflict" in json.dumps(scene.comments(second)[0].body) or "conflict" in told.result["did"]


def test_an_artifact_of_another_pull_request_is_told_to_nobody(jobs: Jobs, tmp_path: Path) -> None:
    scene = jobs.scene
    first, second = scene.open(size=6), scene.open(size=7)
    artifact = ("--artifact", str(tmp_path / "preview.json"))
    jobs.pull(first, "--stage", "plan", *artifact, token=False)
    refused = jobs.pull(second, "--stage", "publish", *artifact, code=3)
    assert refused.diagnostic("preview-misaddressed")
    assert not scene.comments(second)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"number":', '"number":"x","n":', 1),
        lambda text: text.replace('"runner-preview/1"', '"runner-preview/2"'),
        lambda text: "[" * 100_000,
        lambda text: '{"schema":"runner-preview/1","preview":{"@":"Path"}}',
    ],
    ids=["cut", "types", "schema", "nested", "kinds"],
)
def test_an_artifact_that_the_plan_stage_did_not_write_is_refused(jobs: Jobs, tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    pull = jobs.scene.open(size=8)
    file = tmp_path / "preview.json"
    jobs.pull(pull, "--stage", "plan", "--artifact", str(file), token=False)
    file.write_text(damage(file.read_text()))
    refused = jobs.pull(pull, "--stage", "publish", "--artifact", str(file), code=3)
    assert refused.diagnostic("preview-unreadable")
    report = jobs.scene.report(pull.head_commit)
    assert (report.state, "cannot be believed" in report.title) == (CheckState.FAILED, True)


def test_without_a_preview_the_check_is_red_and_says_so(jobs: Jobs, tmp_path: Path) -> None:
    pull = jobs.scene.open(size=8)
    refused = jobs.pull(pull, "--stage", "publish", "--artifact", str(tmp_path / "none.json"), code=2)
    assert refused.diagnostic("preview-missing")
    report = jobs.scene.report(pull.head_commit)
    assert (report.state, "no preview to publish" in report.title) == (CheckState.FAILED, True)


def test_a_head_that_lowers_its_own_gates_is_held_to_those_of_the_default_branch(jobs: Jobs) -> None:
    scene = jobs.scene
    pull = scene.open(size=9, files={"environments/prod.yaml": "requires: {reviews: {count: 0}}\n"})
    jobs.pull(pull)
    assert scene.report(pull.head_commit).state in WAITING
    scene.merge(pull)
    jobs.push(code=8)
    assert scene.record(NETWORK)[0].get("Pull-Request") != str(pull.number)


WALK = """\
locals { parent = split(" ", file("/proc/self/stat"))[3] }
output "seen" { value = file("/proc/${local.parent}/environ") }
"""


def test_a_plan_that_reads_its_parent_s_environment_tells_no_token(jobs: Jobs, tmp_path: Path) -> None:
    token = jobs.scene.gitea.accounts["robot"].token
    pull = jobs.scene.open(size=10, files={"stacks/network/walk.tf": WALK})
    artifact = tmp_path / "preview.json"
    jobs.pull(pull, "--stage", "plan", "--artifact", str(artifact))
    written = artifact.read_text()
    assert "GITHUB_EVENT_NAME=pull_request" in written, "it did read it"
    assert token not in written
    assert "[secret GITEA_TOKEN]" in written


def test_outside_of_ci_it_says_what_to_type(jobs: Jobs, run_runner: Program) -> None:
    ran = run_runner("ci", cwd=jobs.scene.clone.path)
    assert ran.code == 2
    assert "runner up --behind" in ran.stderr


def review_of(pull: PullRequest) -> dict[str, object]:
    """What a job is told of a review."""
    return {
        "action": "submitted",
        "review": {"id": 1},
        "pull_request": {
            "number": pull.number,
            "base": {"ref": pull.into},
            "head": {"sha": pull.head_commit},
        },
    }
