"""What `removed:` ends by a merge: shown before it, approved like any plan, and done from what was applied last."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.model.check import CheckState
from runner.model.names import TargetName
from runner.model.previewed import RequestPreview
from runner.model.pull_request import PullRequest
from runner.operations.pull_preview import Asked, pull_preview
from runner.operations.standpoint import standpoint
from tests.forge.gitea_bench import GiteaBench
from tests.forge.merged_request import MergedRequest
from tests.forge.published_request import PROD, STACK

pytestmark = pytest.mark.usefixtures("terraform_binary")
OLD, GONE = TargetName(environment="prod", stack="old"), TargetName(environment="prod", stack="gone")
WAITING = (CheckState.WAITING, CheckState.QUEUED)
KEEPS_A_FILE = """\
variable "file" { type = string }
resource "terraform_data" "thing" {
  input = var.file
  provisioner "local-exec" { command = "touch ${self.input}" }
  provisioner "local-exec" {
    when    = destroy
    command = "rm ${self.input}"
  }
}
"""


def previewed(scene: MergedRequest, pull: PullRequest) -> RequestPreview:
    """As the plan stage does it."""
    with scene.job() as bench:
        asked = Asked(pull=pull, brand="gitea", stranger=False)
        return pull_preview(bench, standpoint(bench), asked)


def test_what_a_merge_ends_is_shown_and_waits_and_ends_as_it_was_approved(
    gitea: GiteaBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    place = tmp_path / "made-by-old"
    inputs = f'targets: {{old: {{inputs: {{file: "{place}"}}}}}}\n'
    begun = {
        "environments/prod.yaml": PROD + inputs,
        "stacks/old/main.tf": KEEPS_A_FILE,
        "stacks/gone/main.tf": STACK.format(size=1),
    }
    scene = MergedRequest(gitea, tmp_path / "clone", begun)
    assert place.exists()
    ends = {"stacks/old/main.tf": None, "stacks/gone/main.tf": None}
    pull = scene.open(
        size=1, files={**ends, "environments/prod.yaml": PROD + "removed: {old: destroy, gone: forget}\n"}
    )
    preview = previewed(scene, pull)
    assert {each.target for each in preview.targets} == {OLD, GONE}

    scene.publish(pull, replace(preview, targets=()))
    assert "does not say what would be done" in scene.report(pull.head_commit).title, "nobody can hide it"
    scene.publish(pull, preview)
    body = scene.comments(pull)[0].body.split("<details>", 1)[0]
    assert "will be destroyed, as it was last applied" in body
    assert "will be **destroyed**" in body
    assert "will be forgotten; what it made stays" in body
    told = scene.report(pull.head_commit)
    assert (told.state in WAITING, "1 more approval" in told.title) == (True, True), told

    scene.merge(pull)
    waiting = scene.catch_up()
    assert {each.target for each in waiting.pending} == {OLD, GONE}, waiting
    assert place.exists()
    bob = scene.gitea.forge_of(scene.gitea.reviewer)
    for each in waiting.pending:
        bob.write_comment(pull.number, f"runner approve {each.target} {each.digest}")
    done = scene.resume()
    assert {str(name): each.outcome for name, each in done.outcomes.items()} == {
        "prod/old": "succeeded", "prod/gone": "succeeded",
    }, done  # fmt: skip
    assert not place.exists()
    for name in (OLD, GONE):
        newest = scene.record(name)[0]
        assert (newest["Approved-by"], newest["Pull-Request"]) == ("bob", str(pull.number))
    assert scene.resume().outcomes == {}, "what has ended is over"
