"""Pull requests that mean harm, on a real Gitea and in real Terraform: what is looked at is the marker file, the state
and the record, never a message alone."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from runner.model.check import CheckState
from runner.model.names import TargetName
from runner.model.pull_request import MergeKind, PullRequest
from tests.clouds.aws_repository import PROVIDER, client, runner_file
from tests.forge.gitea_bench import GiteaBench
from tests.forge.merged_request import MergedRequest
from tests.forge.published_request import NETWORK, PROD, STACK
from tests.listening_room import listening
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("terraform_binary")

LATE = {
    "network": 'resource "terraform_data" "y" {{\n  provisioner "local-exec" {{ command = "touch {marker}" }}\n}}\n',
    "app": """\
resource "terraform_data" "y" {{
  input = "harmless"
  provisioner "local-exec" {{
    when    = destroy
    command = "touch {marker}"
  }}
}}
""",
    "dns": """\
resource "terraform_data" "y" {{
  triggers_replace = "now"
  provisioner "local-exec" {{
    when    = destroy
    command = "touch {marker}"
  }}
}}
""",
}
"""Stack -> what is pushed after the approval: a provisioner, one that waits for the end, one of what is there."""


def pushed_after(scene: MergedRequest, pull: PullRequest, files: Mapping[str, str]) -> PullRequest:
    """alice pushes to the head, once it was approved."""
    pushed = scene.push(pull.head, 2, files)
    until(lambda: scene.forge.pull_request(pull.number).head_commit == pushed)
    return scene.forge.pull_request(pull.number)


def named(stack: str) -> TargetName:
    """The stack in prod."""
    return TargetName(environment="prod", stack=stack)


def test_code_that_is_pushed_after_the_approval_does_not_run(
    gitea: GiteaBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    there = {"stacks/dns/more.tf": 'resource "terraform_data" "y" {}\n'}
    scene = MergedRequest(gitea, tmp_path / "clone", there)
    changed = {f"stacks/{stack}/main.tf": STACK.format(size=2) for stack in LATE}
    pull = scene.open(files=changed)
    assert {each.stack for each in scene.show(pull)} == set(LATE)
    scene.approve(pull)
    before = {stack: len(scene.record(named(stack))) for stack in LATE}
    marker = tmp_path / "ran"
    code = {f"stacks/{stack}/more.tf": text.format(marker=marker) for stack, text in LATE.items()}
    scene.merge(pushed_after(scene, pull, {**changed, **code}), MergeKind.SQUASH)
    done = scene.catch_up()
    assert (done.exit_code, {each.target.stack for each in done.pending}) == (8, set(LATE))
    assert {stack: len(scene.record(named(stack))) for stack in LATE} == before
    assert not marker.exists()


def edited(scene: MergedRequest, pull: PullRequest, comment: str, line: str) -> bool:
    """Whether the forge shows that alice put her own words into a comment of bob's."""
    scene.gitea.rewrite(pull.number, comment, scene.gitea.author, "better so")
    scene.gitea.rewrite(pull.number, comment, scene.gitea.author, line)
    return any(each.id == comment and each.edited for each in scene.forge.comments(pull.number))


@pytest.fixture
def scene(gitea: GiteaBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MergedRequest:
    """A repository in which prod wants one review, and is live as main has it."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    return MergedRequest(gitea, tmp_path / "clone")


def test_words_that_are_nobody_s_release_nothing(scene: MergedRequest) -> None:
    """What waits is released by a person with push who wrote one line, and by no text that looks like it."""
    gitea, pull = scene.gitea, scene.open()
    digest = scene.show(pull)[NETWORK].digest
    gitea.report(pull.head_commit, "runner", gitea.author, passed=True)
    gitea.report(pull.head_commit, "runner/prod", gitea.author, passed=True)
    scene.merge(pull)
    line = f"runner approve {NETWORK} {digest}"
    gitea.say(pull.number, gitea.reader, line)
    for text in (f"> {line}", f"```\n{line}\n```", f"so:\n{line}", f"<!--\n{line}\n-->", f"    {line}"):
        gitea.say(pull.number, gitea.reviewer, text)
    forged = gitea.say(pull.number, gitea.reviewer, "good morning")
    until(lambda: edited(scene, pull, forged, line), "Gitea's times are whole seconds", seconds=20)
    done = scene.catch_up()
    assert done.exit_code == 8
    assert [each.digest for each in done.pending] == [digest], "it is the very plan that they name"
    assert len(scene.record(NETWORK)) == 1
    gitea.say(pull.number, gitea.reviewer, line)
    assert scene.resume().exit_code == 0
    assert scene.record(NETWORK)[0]["Approved-by"] == "bob"


def test_a_branch_that_is_older_than_a_gate_is_held_to_it(scene: MergedRequest) -> None:
    """The head, and what it was cut from, know one review; main has come to ask for more, and for a rule."""
    pull = scene.open()
    scene.show(pull)
    scene.approve(pull)
    assert scene.recount(pull).state is CheckState.PASSED
    stricter = "requires: {reviews: {count: 2}}\npolicies: [{path: policies}]\n"
    scene.clone.git("switch", "--quiet", "--detach", "origin/main")
    scene.clone.commit({"environments/prod.yaml": stricter}, "stricter")
    scene.clone.push("main")
    assert scene.recount(pull).state is not CheckState.PASSED
    scene.merge(pull)
    done = scene.catch_up()
    assert done.exit_code in (3, 8), done
    assert len(scene.record(NETWORK)) == 1


def test_one_merge_that_lowers_the_reviews_adds_a_stack_that_waits(
    scene: MergedRequest, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    added = LATE["network"].format(marker=marker)
    lowered = {"environments/prod.yaml": "requires: {}\n", "stacks/dns/main.tf": added}
    pull = scene.open(files=lowered)
    scene.show(pull)
    scene.merge(pull, MergeKind.SQUASH)
    for done in (scene.catch_up(), scene.resume()):
        assert (done.exit_code, {each.target.stack for each in done.pending}) == (8, {"network", "dns"})
    assert not scene.record(named("dns"))
    assert not marker.exists()


QUEUE = 'resource "aws_sqs_queue" "jobs" {\n  name = "jobs"\n  delay_seconds = 5\n}\n'


def test_an_endpoint_that_is_pushed_after_the_approval_makes_nothing_here_nor_there(
    gitea: GiteaBench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    aws_provider: Path,
    aws_environment: dict[str, str],
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    for name, value in aws_environment.items():
        monkeypatch.setenv(name, value)
    address = aws_environment["AWS_ENDPOINT_URL"]
    with listening() as (theirs, heard):
        forge = f"forge: {{type: gitea, url: {gitea.server.url}}}\n"
        inputs = f"targets: {{cloud: {{inputs: {{endpoint: '{address}'}}}}}}\n"
        scene = MergedRequest(
            gitea,
            tmp_path / "clone",
            {
                "runner.yaml": runner_file(aws_provider) + forge,
                "environments/prod.yaml": PROD + inputs,
                "stacks/cloud/main.tf": PROVIDER,
            },
        )
        pull = scene.open(size=1, files={"stacks/cloud/main.tf": PROVIDER + QUEUE})
        assert {each.stack for each in scene.show(pull)} == {"cloud"}
        scene.approve(pull)
        before = len(scene.record(named("cloud")))
        elsewhere = PROVIDER.replace("= var.endpoint", f'= "http://{theirs}"') + QUEUE
        # what the provider asks of every account before it plans, and nothing of the queue
        elsewhere = elsewhere.replace("  skip_meta", "  skip_get_ec2_platforms      = true\n  skip_meta")
        pushed = scene.push(pull.head, 1, {"stacks/cloud/main.tf": elsewhere})
        until(lambda: scene.forge.pull_request(pull.number).head_commit == pushed)
        scene.merge(scene.forge.pull_request(pull.number))
        done = scene.catch_up()
        assert (done.exit_code, [each.target.stack for each in done.pending]) == (8, ["cloud"]), done
        assert "code" in {each.name for each in done.pending[0].differing}
        assert len(scene.record(named("cloud"))) == before
        assert not heard
    queues = client("sqs", aws_environment).list_queues(QueueNamePrefix="jobs")
    assert not queues.get("QueueUrls")
