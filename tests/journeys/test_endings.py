"""Nothing ends by omission: `removed:` destroys or forgets, from the last applied commit."""

from tests.journeys.codes import RUNNER, thing
from tests.journeys.conftest import Setting
from tests.journeys.pseudo_terminal import PseudoTerminal
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


def test_what_a_live_target_was_applied_with_stays_until_that_one_is_applied_anew(setting: Setting) -> None:
    stage, files = _stage(setting)
    user = 'variable "given" { type = string }\nresource "terraform_data" "user" { input = var.given }\n'
    wishes = files["environments/prod.yaml"] + '  user: {inputs: {given: "${old.file}"}}\n'
    stage.change({"environments/prod.yaml": wishes, "stacks/user/main.tf": user})
    stage.run("up", "prod", "--yes")
    without = "removed: {old: destroy}\ntargets: {user: {inputs: {given: none}}}\n"
    broken = user.replace("var.given", 'file("missing")')
    stage.change(
        {"environments/prod.yaml": without, "stacks/old/main.tf": None, "stacks/user/main.tf": broken}
    )
    told = stage.run("up", "prod", "--yes", code=1)
    assert (told.outcomes["prod/user"], told.outcomes["prod/old"]) == ("failed", "pending")
    assert (stage.clone.path.parent / "made-by-old").exists()
    stage.change({"stacks/user/main.tf": user})
    assert stage.run("up", "prod", "--yes").outcomes["prod/old"] == "succeeded"
    assert not (stage.clone.path.parent / "made-by-old").exists()


def test_a_removed_target_that_the_layout_does_not_find_any_more_is_told_and_kept(setting: Setting) -> None:
    files = {"stacks/old/main.tf": thing("a"), "stacks/other/main.tf": thing("a")}
    stage = setting({"runner.yaml": RUNNER, "environments/prod.yaml": "", **files})
    stage.run("up", "prod", "--yes")
    layout = {"runner.yaml": RUNNER + 'layout: ["infra/{stack}"]\n', "infra/other/main.tf": thing("a")}
    stage.change({**layout, "stacks/other/main.tf": None})
    _without_old(stage, "destroy")
    told = stage.run("up", "prod", "--yes", code=2)
    assert told.outcomes["prod/old"] == "failed"
    assert "was last applied" in told.becauses["prod/old"]
    assert stage.standing()["prod/old"] == "orphan"


def test_nothing_is_forgotten_without_a_yes(setting: Setting) -> None:
    stage, _ = _stage(setting)
    _without_old(stage, "forget")
    for value in ("a", "b"):  # alone, and after a no to a plan
        stage.change({"stacks/other/main.tf": thing(value, more="# again\n")})
        terminal = PseudoTerminal(stage.program, "up", "prod", cwd=stage.clone.path)
        terminal.until("anything else is a no")
        terminal.type("no")
        assert terminal.ended() == 0
        assert stage.standing()["prod/old"] == "orphan"
    assert "forget" not in [each["kind"] for each in stage.entries()]


def test_a_failed_or_partial_apply_is_behind_until_the_whole_is_as_wished_again(setting: Setting) -> None:
    bad = 'resource "terraform_data" "bad" {\n  provisioner "local-exec" { command = "false" }\n}\n'
    two = thing("a") + 'resource "terraform_data" "two" { input = 1 }\n'
    stage = setting({"runner.yaml": RUNNER, "environments/prod.yaml": "", "stacks/other/main.tf": two})
    stage.run("up", "prod", "--yes")
    stage.change({"stacks/other/main.tf": two + bad})
    stage.run("up", "prod", "--yes", code=1)
    stage.change({"stacks/other/main.tf": two})
    stage.run("up", "prod", "--behind", "--yes")
    assert stage.addresses("prod/other") == {"terraform_data.thing", "terraform_data.two"}
    stage.change({"stacks/other/main.tf": thing("b") + 'resource "terraform_data" "two" { input = 2 }\n'})
    stage.run("up", "prod", "--target", "terraform_data.two", "--yes")
    stage.change({"stacks/other/main.tf": two})
    assert stage.standing() == {"prod/other": "behind"}
    stage.run("up", "prod", "--behind", "--yes")
    assert stage.attributes("prod/other", "terraform_data.two")["input"]["value"] == 1
    assert stage.standing() == {"prod/other": "live"}


def test_a_removed_line_that_ends_nothing_is_not_passed_over(setting: Setting) -> None:
    stage = setting(
        {
            "runner.yaml": RUNNER,
            "environments/prod.yaml": "removed: {thign: destroy}\n",
            "stacks/thing/main.tf": thing("a"),
        }
    )
    for words in (("up", "prod", "--yes"), ("preview", "prod"), ("status",)):
        assert stage.run(*words).diagnostic("removed-not-live")["severity"] == "note", words
