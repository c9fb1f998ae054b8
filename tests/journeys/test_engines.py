"""The same journey on every engine, and what is said where one is missing, wrong or another's."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checkout import Checkout
from tests.journeys.codes import ONE, RUNNER, thing
from tests.journeys.conftest import Engine, Setting
from tests.journeys.stage import Stage, path_with, without_engines
from tests.program import Program


def test_up_no_change_a_change_and_destroy_on_each_engine(
    repository: Checkout, run_runner: Program, engine: Engine
) -> None:
    name, origin, environment = engine.name, engine.origin, engine.environment
    stage = Stage(clone=repository, program=run_runner, environment=environment)
    wish = {} if name == "terraform" else {"stacks/s/stack.yaml": f"engine: {{name: {name}}}\n"}
    files = {"runner.yaml": RUNNER, "environments/prod.yaml": "", "stacks/s/main.tf": thing("a"), **wish}
    stage.change(files)
    told = stage.run("up", "prod", "--yes")
    used = told.plans["prod/s"]["engine"]
    assert (used["name"], used["origin"]) == (name, origin)
    assert told.outcomes == {"prod/s": "succeeded"}
    assert stage.entries()[0]["engine"].startswith(f"{name} {used['version']}")
    first = stage.attributes("prod/s", "terraform_data.thing")
    assert stage.outputs("prod") == {"prod/s.out": "a"}

    assert stage.run("up", "prod", "--yes").outcomes == {"prod/s": "unchanged"}
    stage.change({"stacks/s/main.tf": thing("b")})
    stage.run("preview", "prod", "--exit-code", code=10)
    assert stage.run("up", "prod", "--yes").outcomes == {"prod/s": "succeeded"}
    second = stage.attributes("prod/s", "terraform_data.thing")
    assert (second["id"], second["output"]["value"]) == (first["id"], "b")
    assert [row["address"] for row in stage.run("state", "list", "prod/s").rows("row")] == [
        "terraform_data.thing"
    ]
    assert stage.run("destroy", "prod", "--yes").outcomes == {"prod/s": "succeeded"}
    assert stage.addresses("prod/s") == set()
    assert stage.standing() == {"prod/s": "held"}
    assert [each["kind"] for each in stage.entries()] == ["apply", "apply", "destroy"]


def test_a_missing_engine_is_exit_5_and_nothing_has_started(one: Stage) -> None:
    one.change({"stacks/network/stack.yaml": "engine: {name: opentofu}\n"})
    told = one.run("up", "prod", "--yes", code=5, env={"PATH": without_engines()})
    assert "engine-missing" in told.codes
    assert told.diagnostic("engine-missing")["hint"]
    assert one.entries() == []


def test_a_named_engine_that_is_not_there_never_falls_through(one: Stage) -> None:
    one.change({"runner.yaml": f"{RUNNER}engines: {{terraform: {{path: /nowhere/terraform}}}}\n"})
    told = one.run("up", "prod", "--yes", code=5)
    assert "/nowhere/terraform" in str(told.diagnostics)
    assert one.entries() == []


@pytest.mark.parametrize(
    "files",
    [
        {"runner.yaml": f'{RUNNER}engines: {{terraform: {{version: "< 1.0"}}}}\n'},
        {"stacks/network/stack.yaml": 'engine: {name: terraform, version: "0.12.31"}\n'},
        {"stacks/network/.terraform-version": "0.12.31\n"},
        {"stacks/network/versions.tf": 'terraform {\n  required_version = "< 1.0"\n}\n'},
    ],
    ids=["runner.yaml", "stack.yaml", ".terraform-version", "required_version"],
)
def test_a_version_that_nothing_here_meets_is_exit_5(one: Stage, files: dict[str, str]) -> None:
    one.change(files)
    told = one.run("up", "prod", "--yes", code=5)
    assert "engine-version-unmet" in told.codes
    assert one.entries() == []


def test_another_engine_takes_a_target_over_only_on_purpose(
    one: Stage, tofu_binary: Path, terraform_binary: Path, tmp_path: Path
) -> None:
    both = path_with(terraform_binary, "terraform", tmp_path / "bin")
    (tmp_path / "bin/tofu").symlink_to(tofu_binary)
    one.run("up", "prod", "--yes", env=both)
    before = one.state("prod/network")
    one.change({"stacks/network/stack.yaml": "engine: {name: opentofu}\n"})
    told = one.run("up", "prod", "--yes", code=5, env=both)
    assert "--change-engine" in str(told.diagnostics)
    assert one.state("prod/network") == before
    told = one.run("up", "prod", "--yes", "--change-engine", env=both)
    assert told.plans["prod/network"]["engine"]["name"] == "opentofu"
    entry = one.entries()[-1]
    assert entry["engine"].startswith("opentofu")
    assert "change-engine" in entry["overrides"]
    assert one.run("up", "prod", "--yes", env=both).outcomes == {"prod/network": "unchanged"}


def test_an_engine_can_be_named_by_its_path(setting: Setting, terraform_binary: Path, tmp_path: Path) -> None:
    program = tmp_path / "tools/terraform-of-our-own"
    program.parent.mkdir()
    shutil.copy(terraform_binary, program)
    stage = setting({**ONE, "runner.yaml": f"{RUNNER}engines: {{terraform: {{path: {program}}}}}\n"})
    told = stage.run("up", "prod", "--yes", env={"PATH": without_engines()})
    assert told.plans["prod/network"]["engine"]["origin"] == "named"
    assert told.outcomes == {"prod/network": "succeeded"}


def _crowd(place: Path, command: str) -> dict[str, str]:
    place.mkdir()
    code = f'resource "terraform_data" "a" {{\n  provisioner "local-exec" {{ command = "{command}" }}\n}}\n'
    stacks = {f"stacks/s{number}/main.tf": code for number in range(3)}
    return {"runner.yaml": RUNNER, "environments/prod.yaml": "", **stacks}


def test_the_targets_of_a_wave_go_at_once(setting: Setting, tmp_path: Path) -> None:
    """Each waits until all three are there."""
    crowd = tmp_path / "crowd"
    stage = setting(
        _crowd(crowd, f"mktemp -p {crowd}; until [ $(ls {crowd} | wc -l) = 3 ]; do sleep 0.05; done")
    )
    assert set(stage.run("up", "prod", "--yes").outcomes.values()) == {"succeeded"}


def test_with_one_job_they_go_one_after_the_other(setting: Setting, tmp_path: Path) -> None:
    """Who meets another fails."""
    crowd = tmp_path / "crowd"
    stage = setting(_crowd(crowd, f"mkdir {crowd}/me && sleep 0.2 && rmdir {crowd}/me"))
    assert set(stage.run("up", "prod", "--yes", "--jobs", "1").outcomes.values()) == {"succeeded"}


def test_two_people_on_two_targets_do_not_wait_for_each_other(
    three: Stage, colleague: Callable[[Stage], Stage]
) -> None:
    three.run("up", "prod/network", "--yes")
    other = colleague(three)
    mine = three.program.start("up", "prod/app", "--yes", cwd=three.clone.path)
    theirs = other.program.start("up", "prod/database", "--yes", cwd=other.clone.path)
    for run in (mine, theirs):
        stdout, stderr = run.communicate(timeout=120)
        assert run.returncode == 0, stdout + stderr
    assert set(three.standing().values()) == {"live"}
    assert three.on_remote("rev-list", "--first-parent", "--count", "refs/runner/live/prod") == "4"
