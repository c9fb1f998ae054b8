"""Targets that are no longer wished for: ended as they were last applied, by today's gates; readable until then."""

import json
from pathlib import Path

import pytest

from tests.journeys.codes import RUNNER, thing
from tests.journeys.conftest import Setting

GIVES = 'resource "terraform_data" "a" {}\noutput "id" { value = "one" }\n'
TAKES = 'variable "id" {\n  type = string\n  sensitive = true\n}\nresource "terraform_data" "b" { input = var.id }\n'


def test_what_a_removed_target_reads_is_what_the_gates_allow_today(setting: Setting) -> None:
    allowed = 'allow: {secrets: ["env:WORD"]}\n'
    stage = setting(
        {
            "runner.yaml": RUNNER,
            "environments/prod.yaml": allowed + 'targets: {old: {inputs: {id: "${secret:env:WORD}"}}}\n',
            "stacks/old/main.tf": TAKES,
        }
    )
    words = {"WORD": "a-secret-word"}
    stage.run("up", "prod", "--yes", env=words)
    stage.change({"environments/prod.yaml": "removed: {old: destroy}\n", "stacks/old/main.tf": None})
    told = stage.run("up", "prod", "--yes", code=3, env=words)
    assert (told.outcomes, "secret-not-allowed" in told.codes) == ({"prod/old": "failed"}, True)
    assert stage.standing() == {"prod/old": "orphan"}
    stage.change({"environments/prod.yaml": allowed + "removed: {old: destroy}\n"})
    assert stage.run("up", "prod", "--yes", env=words).outcomes == {"prod/old": "succeeded"}
    assert stage.standing() == {}


def test_a_removed_target_whose_upstream_gives_no_such_output_any_more_can_be_destroyed(
    setting: Setting,
) -> None:
    stage = setting(
        {
            "runner.yaml": RUNNER,
            "environments/prod.yaml": 'targets: {takes: {inputs: {id: "${gives.id}"}}}\n',
            "stacks/gives/main.tf": GIVES,
            "stacks/takes/main.tf": TAKES,
        }
    )
    stage.run("up", "prod", "--yes")
    ended = {"environments/prod.yaml": "removed: {takes: destroy}\n", "stacks/takes/main.tf": None}
    stage.change({**ended, "stacks/gives/main.tf": thing("a")})
    told = stage.run("up", "prod", "--yes")
    assert told.outcomes == {"prod/gives": "succeeded", "prod/takes": "succeeded"}
    assert "`prod/gives.id`" in told.diagnostic("destroyed-without-value")["message"]
    assert stage.standing() == {"prod/gives": "live"}


@pytest.mark.parametrize("gone", ["stack", "environment"])
def test_an_orphan_whose_code_keeps_its_own_state_can_be_read(
    setting: Setting, tmp_path: Path, gone: str
) -> None:
    backend = f'terraform {{\n  backend "local" {{ path = "{tmp_path}/old.tfstate" }}\n}}\n'
    files = {"stacks/new/main.tf": thing("b"), "stacks/old/main.tf": thing("a") + backend}
    stage = setting({"runner.yaml": RUNNER, "environments/prod.yaml": "stacks: [old]\n", **files})
    stage.run("up", "prod", "--yes")
    ended = {"stacks/old/main.tf": None, "environments/prod.yaml": "stacks: [new]\n"}
    stage.change({**ended, **({"environments/prod.yaml": None} if gone == "environment" else {})})
    assert stage.standing()["prod/old"] == "orphan"
    assert json.loads(stage.plain("state", "pull", "prod/old").stdout)["outputs"]["out"]["value"] == "a"
    assert "terraform_data.thing" in stage.plain("state", "list", "prod/old").stdout
    assert stage.outputs("prod/old") == {"prod/old.out": "a"}


@pytest.mark.parametrize(("fate", "backend"), [("destroy", "git"), ("destroy", "local"), ("forget", "local")])
def test_a_target_that_ended_and_is_wished_for_again_begins_anew(
    setting: Setting, tmp_path: Path, fate: str, backend: str
) -> None:
    local = f"state: {{backend: local, path: '{tmp_path}/{{stack}}.tfstate'}}\n"
    wishes = local if backend == "local" else "inputs: {}\n"
    code = {"environments/prod.yaml": wishes, "stacks/old/main.tf": thing("a")}
    stage = setting({"runner.yaml": RUNNER, **code})
    stage.run("up", "prod", "--yes")
    first = stage.state("prod/old")
    removed = {"environments/prod.yaml": f"{wishes}removed: {{old: {fate}}}\n", "stacks/old/main.tf": None}
    stage.change(removed)
    assert stage.run("up", "prod", "--yes").outcomes == {"prod/old": "succeeded"}
    assert stage.standing() == {}
    stage.change(code)
    assert stage.run("preview", "prod").plans["prod/old"]["counts"]["create"] == 1
    assert stage.run("up", "prod", "--yes").outcomes == {"prod/old": "succeeded"}
    second = stage.state("prod/old")
    assert second["lineage"] != first["lineage"]
    assert [each["kind"] for each in stage.entries("prod")] == ["apply", fate, "apply"]
