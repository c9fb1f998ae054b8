"""Nothing ends by omission: `removed:` destroys or forgets, from the last applied commit."""

from tests.journeys.codes import RUNNER, thing
from tests.journeys.conftest import Setting
from tests.journeys.stage import Stage

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
output "file" { value = var.file }
"""


def _stage(setting: Setting) -> tuple[Stage, dict[str, str]]:
    """`old` keeps a file outside as long as it lives; `user` needs its output; `other` has nothing to do with it."""
    files = {
        "runner.yaml": RUNNER,
        "environments/prod.yaml": 'targets:\n  old: {inputs: {file: "PLACE"}}\n',
        "stacks/old/main.tf": KEEPS_A_FILE,
        "stacks/other/main.tf": thing("a"),
    }
    stage = setting({})
    place = stage.clone.path.parent / "made-by-old"
    files["environments/prod.yaml"] = files["environments/prod.yaml"].replace("PLACE", str(place))
    stage.change(files)
    stage.run("up", "prod", "--yes")
    assert place.exists()
    return stage, files


def _without_old(stage: Stage, fate: str) -> str:
    return stage.change(
        {"environments/prod.yaml": f"removed: {{old: {fate}}}\n" if fate else "", "stacks/old/main.tf": None}
    )


def test_an_orphan_is_shown_and_left_alone(setting: Setting) -> None:
    stage, _ = _stage(setting)
    _without_old(stage, "")
    told = stage.run("up", "prod", "--yes")
    assert [row["target"] for row in told.rows("orphan")] == ["prod/old"]
    assert (stage.clone.path.parent / "made-by-old").exists()
    assert stage.standing()["prod/old"] == "orphan"


def test_removed_destroy_destroys_with_the_code_and_inputs_of_the_last_apply(setting: Setting) -> None:
    stage, _ = _stage(setting)
    applied = stage.clone.git("rev-parse", "HEAD")
    _without_old(stage, "destroy")
    told = stage.run("up", "prod/other", "--yes")
    assert "prod/old" not in told.outcomes, "only an up of the environment ends it"
    told = stage.run("up", "prod", "--yes")
    assert told.outcomes["prod/old"] == "succeeded"
    assert told.rows("target_finished")[-1]["target"] == "prod/old", "it goes last"
    assert "being-removed" in told.codes
    assert not (stage.clone.path.parent / "made-by-old").exists()
    entry = stage.entries()[-1]
    assert (entry["target"], entry["kind"], entry["commit"]) == ("prod/old", "destroy", applied)
    assert "prod/old" not in stage.standing()
    assert stage.run("up", "prod", "--yes").outcomes == {"prod/other": "unchanged"}


def test_removed_forget_leaves_what_was_made(setting: Setting) -> None:
    stage, _ = _stage(setting)
    _without_old(stage, "forget")
    told = stage.run("up", "prod", "--yes")
    assert told.outcomes["prod/old"] == "succeeded"
    assert (stage.clone.path.parent / "made-by-old").exists()
    assert stage.entries()[-1]["kind"] == "forget"
    assert "prod/old" not in stage.standing()
    assert stage.run("up", "prod", "--yes").outcomes == {"prod/other": "unchanged"}


def test_what_is_still_there_cannot_be_removed(setting: Setting) -> None:
    stage, files = _stage(setting)
    stage.change({"environments/prod.yaml": files["environments/prod.yaml"] + "removed: {old: destroy}\n"})
    assert "removed-exists" in stage.run("up", "prod", "--yes", code=2).codes
    assert (stage.clone.path.parent / "made-by-old").exists()


def test_a_failed_removal_stays_an_orphan_and_is_tried_again(setting: Setting) -> None:
    stage, _ = _stage(setting)
    place = stage.clone.path.parent / "made-by-old"
    place.unlink()
    _without_old(stage, "destroy")
    told = stage.run("up", "prod", "--yes", code=1)
    assert told.outcomes["prod/old"] == "failed"
    assert stage.entries()[-1]["result"] == "failed"
    assert stage.standing()["prod/old"] == "orphan"
    place.touch()
    assert stage.run("up", "prod", "--yes").outcomes["prod/old"] == "succeeded"
    assert "prod/old" not in stage.standing()
