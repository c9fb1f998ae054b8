"""Doors that were open once: a freeze during the run, the last stack of an environment, settings that make a part."""

from pathlib import Path

from tests.journeys.codes import RUNNER, thing
from tests.journeys.conftest import Setting

HOLDS = """\
variable "gate" { type = string }
resource "terraform_data" "first" {
  provisioner "local-exec" {
    command = "touch ${var.gate}.begun; while [ ! -e ${var.gate} ]; do sleep 0.05; done"
  }
}
output "id" { value = terraform_data.first.id }
"""

NEEDS = """\
variable "id" { type = string }
resource "terraform_data" "second" { input = var.id }
"""

ENVIRONMENT = """\
targets:
  first: {inputs: {gate: "GATE"}}
  second: {inputs: {id: "${first.id}"}}
"""


def test_a_freeze_that_comes_while_a_run_goes_on_stops_what_has_not_begun(setting: Setting) -> None:
    stage = setting({})
    gate = stage.clone.path.parent / "gate"
    stage.change(
        {
            "runner.yaml": RUNNER,
            "environments/prod.yaml": ENVIRONMENT.replace("GATE", str(gate)),
            "stacks/first/main.tf": HOLDS,
            "stacks/second/main.tf": NEEDS,
        }
    )
    run = stage.program.start("up", "prod", "--yes", "--json", cwd=stage.clone.path)
    assert run.stdout is not None
    for line in run.stdout:
        if '"applying"' in line and "first" in line:
            break
    stage.run("freeze", "prod", "--reason", "an incident")
    gate.touch()
    told = run.stdout.read()
    assert run.wait(60) == 8, told
    assert stage.standing() == {"prod/first": "live", "prod/second": "never applied"}
    stage.run("thaw", "prod")
    stage.run("up", "prod", "--yes")
    assert stage.standing() == {"prod/first": "live", "prod/second": "live"}


def test_a_frozen_target_is_left_by_everybody_and_the_others_go_on(setting: Setting) -> None:
    files = {"runner.yaml": RUNNER, "environments/prod.yaml": ""}
    stage = setting({**files, "stacks/one/main.tf": thing("a"), "stacks/two/main.tf": thing("b")})
    stage.run("up", "prod", "--yes")
    done = stage.run("freeze", "prod/one", "--reason", "it is being moved").result
    assert (done["environment"], done["target"], done["frozen"]) == ("prod", "prod/one", True)
    stage.change({"stacks/one/main.tf": thing("c"), "stacks/two/main.tf": thing("d")})
    told = stage.run("up", "prod", "--yes", code=8)
    assert "`prod/one` is locked: it is being moved" in told.diagnostic("frozen-by-hand")["message"]
    assert stage.run("up", "prod", "!prod/one", "--yes").outcomes == {"prod/two": "succeeded"}
    stage.run("destroy", "prod/one", "--yes", code=8)
    (frozen,) = stage.run("locks", "prod/one").rows("freeze")
    assert frozen["place"] == "prod/one"
    stage.change({"environments/prod.yaml": "removed: {one: destroy}\n", "stacks/one/main.tf": None})
    stage.run("up", "prod", "--yes", code=8)
    assert stage.standing()["prod/one"] == "orphan"
    assert stage.run("unlock", "prod/one", "--reason", "moved", "--yes").result["thawed"] is True
    assert stage.run("up", "prod", "--yes").outcomes["prod/one"] == "succeeded"
    assert [each["kind"] for each in stage.entries("prod/two")] == ["apply", "apply"]


def test_the_last_stack_of_an_environment_can_be_removed_and_its_gates_hold(setting: Setting) -> None:
    stage = setting(
        {"runner.yaml": RUNNER, "environments/prod.yaml": "{}\n", "stacks/old/main.tf": thing("a")}
    )
    stage.run("up", "prod", "--yes")
    stage.change({"environments/prod.yaml": "removed: {old: destroy}\n", "stacks/old/main.tf": None})
    stage.run("freeze", "prod", "--reason", "holidays")
    stage.run("up", "prod", "--yes", code=8)
    assert stage.standing() == {"prod/old": "orphan"}
    stage.run("thaw", "prod")
    assert stage.run("up", "prod", "--yes").outcomes == {"prod/old": "succeeded"}
    assert stage.standing() == {}


def test_settings_cannot_make_a_plan_mean_another_thing(setting: Setting) -> None:
    for argument in ("-target=terraform_data.x", "-destroy", "-var=a=b", "-state=elsewhere", "-refresh-only"):
        stage = setting(
            {
                "runner.yaml": RUNNER,
                "environments/prod.yaml": f'settings: {{terraform: {{args: {{plan: ["{argument}"]}}}}}}\n',
                "stacks/a/main.tf": thing("a"),
            }
        )
        told = stage.run("up", "prod", "--yes", code=2)
        assert argument in str(told.result["diagnostics"])


def test_a_state_that_was_put_back_by_hand_is_behind_until_it_is_applied(setting: Setting) -> None:
    stage = setting({"runner.yaml": RUNNER, "environments/prod.yaml": "{}\n", "stacks/a/main.tf": thing("1")})
    stage.run("up", "prod", "--yes")
    stage.change({"stacks/a/main.tf": thing("2")})
    stage.run("up", "prod", "--yes")
    stage.run("state", "restore", "prod/a", "1", "--yes")
    assert stage.standing() == {"prod/a": "behind"}
    stage.run("up", "prod", "--yes", "--behind")
    assert stage.standing() == {"prod/a": "live"}
    assert stage.outputs("prod") == {"prod/a.out": "2"}


def test_an_ancestor_of_what_is_live_ends_as_superseded_and_the_others_go_on(setting: Setting) -> None:
    files = {"environments/dev.yaml": 'branch: "*"\n', "stacks/a/main.tf": thing("1")}
    stage = setting({"runner.yaml": RUNNER, **files, "stacks/b/main.tf": thing("1")})
    stage.run("up", "dev", "--yes")
    first = stage.change({"stacks/b/main.tf": thing("2")})
    live = stage.change({"stacks/a/main.tf": thing("2")})
    stage.run("up", "dev/a", "--yes")
    record, entries = stage.refs()["refs/runner/live/dev"], len(stage.entries("dev/a"))
    stage.clone.git("checkout", "--quiet", first)
    told = stage.run("up", "dev", "--yes", "--off-branch")
    assert told.outcomes == {"dev/a": "skipped", "dev/b": "succeeded"}
    assert f"superseded: `{live[:12]}`" in told.becauses["dev/a"]
    assert "git revert" in told.diagnostic("superseded")["hint"]
    assert stage.outputs("dev") == {"dev/a.out": "2", "dev/b.out": "2"}
    assert len(stage.entries("dev/a")) == entries
    assert stage.refs()["refs/runner/live/dev"] != record
    told = stage.run("up", "dev/a", "--yes")
    assert (told.outcomes, told.result["exit_code"]) == ({"dev/a": "skipped"}, 0)
    stage.clone.git("checkout", "--quiet", live)
    stage.clone.git("revert", "--no-edit", "HEAD")
    assert stage.run("up", "dev", "--yes").outcomes["dev/a"] == "succeeded"
    assert stage.outputs("dev")["dev/a.out"] == "1"


def test_what_an_ancestor_says_is_removed_is_superseded_too(setting: Setting) -> None:
    gone = 'branch: "*"\nremoved: {a: destroy}\n'
    stage = setting({"runner.yaml": RUNNER, "environments/dev.yaml": gone, "stacks/b/main.tf": thing("1")})
    stage.run("up", "dev", "--yes")
    first = stage.clone.git("rev-parse", "HEAD")
    stage.change({"environments/dev.yaml": 'branch: "*"\n', "stacks/a/main.tf": thing("2")})
    stage.run("up", "dev", "--yes")
    stage.clone.git("checkout", "--quiet", first)
    assert stage.run("up", "dev", "--yes").outcomes["dev/a"] == "skipped"
    assert stage.standing() == {"dev/a": "orphan", "dev/b": "live"}


def test_an_engine_that_takes_longer_than_its_limit_is_ended_and_what_it_did_is_on_the_record(
    setting: Setting, terraform_binary: Path, tmp_path: Path
) -> None:
    slow = tmp_path / "terraform"
    slow.write_text(f'#!/bin/sh\n[ "$1" != plan ] || exec sleep 600\nexec {terraform_binary} "$@"\n')
    slow.chmod(0o755)
    engine = f"engines: {{terraform: {{path: {slow}}}}}\n"
    waits = "while [ ! -e never ]; do sleep 0.05; done"
    code = thing("a") + (
        'resource "terraform_data" "last" {\n  triggers_replace = terraform_data.thing.id\n'
        f'  provisioner "local-exec" {{ command = "{waits}" }}\n}}\n'
    )
    files = {"environments/prod.yaml": "", "stacks/slow/main.tf": code}
    stage = setting({**files, "runner.yaml": RUNNER + engine + "limits: {preview: 1s}\n"})
    told = stage.run("preview", "prod", code=1)
    assert "1 s" in told.becauses["prod/slow"]
    stage.change({"runner.yaml": RUNNER, "stacks/slow/stack.yaml": "timeout: 4s\n"})
    told = stage.run("up", "prod", "--yes", code=1)
    assert "after 4 s" in told.becauses["prod/slow"]
    (entry,) = stage.entries()
    assert entry["result"] in ("failed", "interrupted")
    assert "terraform_data.thing" in stage.addresses("prod/slow")
    assert stage.run("locks", "prod").rows("lease") == []
