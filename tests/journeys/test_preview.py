"""`runner preview`: honest plans, and nothing written outside the clone."""

from datetime import UTC, datetime
from pathlib import Path

from runner.model.names import TargetName
from runner.operations.run_directory import RunDirectory
from tests.journeys.codes import NETWORK, ONE, RUNNER, THREE, thing
from tests.journeys.conftest import Setting
from tests.journeys.stage import Stage, kinds


def test_a_preview_writes_no_ref_and_takes_no_lease(three: Stage) -> None:
    before = three.refs()
    told = three.run("preview", "prod")
    assert {name: plan["kind"] for name, plan in told.plans.items()} == {
        "prod/app": "deferred",
        "prod/database": "deferred",
        "prod/network": "planned",
    }
    assert "`prod/network.id`" in told.plans["prod/app"]["because"]
    assert three.refs() == before
    three.run("up", "prod", "--yes")
    before, own = three.refs(), three.clone.git("for-each-ref")
    three.run("preview", "prod")
    assert (three.refs(), three.clone.git("for-each-ref")) == (before, own)
    assert three.clone.git("status", "--porcelain") == ""


def test_exit_code_says_whether_something_would_change(one: Stage) -> None:
    one.run("preview", "prod", code=0)
    one.run("preview", "prod", "--exit-code", code=10)
    one.run("up", "prod", "--yes")
    one.run("preview", "prod", "--exit-code", code=0)
    one.change({"stacks/network/main.tf": NETWORK + 'output "more" { value = 1 }\n'})
    one.run("preview", "prod", "--exit-code", code=10)


def test_a_preview_plans_the_work_tree_and_says_that_it_is_dirty(one: Stage) -> None:
    one.run("up", "prod", "--yes")
    assert "dirty-worktree" not in one.run("preview", "prod").codes
    one.clone.write({"notes.txt": "nobody plans this"})
    one.clone.write({"stacks/network/main.tf": NETWORK + 'resource "terraform_data" "draft" {}\n'})
    told = one.run("preview", "prod")
    assert "stacks/network/main.tf" in told.diagnostic("dirty-worktree")["message"]
    assert kinds(told.plans["prod/network"]) == {"terraform_data.draft": "create"}
    assert told.result["next"] == ["git add stacks/network/main.tf && git commit", "runner up prod"]
    one.clone.write({"stacks/network/more.tf": 'resource "terraform_data" "new" {}\n'})
    assert "terraform_data.new" in kinds(one.run("preview", "prod").plans["prod/network"])
    assert one.clone.git("status", "--porcelain").split("\n") == [
        " M stacks/network/main.tf",
        "?? notes.txt",
        "?? stacks/network/more.tf",
    ]


def test_downstream_is_planned_with_the_planned_value_of_a_changing_upstream(three: Stage) -> None:
    three.run("up", "prod", "--yes")
    three.change({"environments/prod.yaml": THREE["environments/prod.yaml"].replace("10.0.0.0", "10.9.0.0")})
    told = three.run("preview", "prod")
    app = told.plans["prod/app"]
    assert (app["kind"], kinds(app)) == ("planned", {"terraform_data.app": "update"})
    assert "10.9.0.0/16" in str(app["changes"][0]["after"])
    assert "`prod/network" in app["because"]


def test_downstream_of_an_upstream_that_will_give_something_else_is_provisional_or_deferred(
    setting: Setting,
) -> None:
    replaced = NETWORK.replace("{ input = var.cidr }", "{\n  triggers_replace = var.cidr\n}")
    stage = setting({**THREE, "stacks/network/main.tf": replaced})
    stage.run("up", "prod", "--yes")
    stage.change({"environments/prod.yaml": THREE["environments/prod.yaml"].replace("10.0.0.0", "10.9.0.0")})
    told = stage.run("preview", "prod")
    assert kinds(told.plans["prod/network"]) == {"terraform_data.net": "replace"}
    assert told.plans["prod/app"]["kind"] == "deferred", "`id` is known only after the replacement"
    stage.run("up", "prod", "--yes")
    net = stage.attributes("prod/network", "terraform_data.net")["id"]
    assert stage.outputs("prod/app") == {"prod/app.address": f"{net} in 10.9.0.0/16"}


def test_an_upstream_that_is_behind_and_not_in_the_run_makes_a_preview_provisional(three: Stage) -> None:
    three.run("up", "prod", "--yes")
    old = three.clone.git("rev-parse", "HEAD")
    three.change({"environments/prod.yaml": THREE["environments/prod.yaml"].replace("10.0.0.0", "10.9.0.0")})
    plan = three.run("preview", "prod/app").plans["prod/app"]
    assert (plan["kind"], "`prod/network` is about to change" in plan["because"]) == ("provisional", True)
    told = three.run("up", "prod/app", "--yes")
    assert told.outcomes == {"prod/app": "unchanged"}
    assert "`prod/network`" in told.diagnostic("upstream-behind")["message"]
    three.run("up", "prod", "--yes")
    three.clone.git("checkout", "--quiet", old)
    assert three.run("preview", "prod/app").plans["prod/app"]["kind"] == "planned", "it is ahead, not behind"


def test_what_only_depends_on_a_changing_target_is_provisional_and_planned_again_by_up(
    setting: Setting,
) -> None:
    files = {"stacks/first/main.tf": thing("1"), "stacks/second/main.tf": thing("1")}
    order = "targets: {second: {depends_on: [first]}}\n"
    stage = setting({"runner.yaml": RUNNER, "environments/prod.yaml": order, **files})
    assert stage.run("preview", "prod").plans["prod/second"]["kind"] == "deferred"
    stage.run("up", "prod", "--yes")
    assert stage.run("preview", "prod").plans["prod/second"]["kind"] == "planned"
    stage.change({"stacks/first/main.tf": thing("2"), "stacks/second/main.tf": thing("2")})
    assert stage.run("preview", "prod").plans["prod/second"]["kind"] == "provisional"
    told = stage.run("up", "prod", "--yes")
    assert told.outcomes == {"prod/first": "succeeded", "prod/second": "succeeded"}
    kinds_told = [each["kind"] for each in told.rows("plan_ready") if each["target"] == "prod/second"]
    assert kinds_told == ["provisional", "planned"]


def test_a_computed_path_that_widens_the_closure_is_told_once_with_its_place(setting: Setting) -> None:
    code = 'variable "n" { default = "1" }\nlocals { word = file("${path.module}/words/${var.n}") }\n'
    files = {"stacks/a/main.tf": code + thing("a"), "stacks/a/words/1": "one"}
    stage = setting({"runner.yaml": RUNNER, "environments/prod.yaml": "", **files})
    for verb in (("preview", "prod"), ("up", "prod", "--yes"), ("show", "prod/a")):
        (told,) = [each for each in stage.run(*verb).diagnostics if each["code"] == "closure-widened"]
        assert "`stacks/a/words` is read whole: file at stacks/a/main.tf:2:" in told["message"]
    (node,) = stage.run("graph", "prod").rows("node")
    assert len(node["widened"]) == 1


def test_with_dependencies_an_upstream_that_is_behind_goes_first(three: Stage) -> None:
    three.run("up", "prod", "--yes")
    three.change(
        {"stacks/network/main.tf": NETWORK.replace("value = var.cidr", 'value = "${var.cidr} or so"')}
    )
    told = three.run("up", "prod/app", "--with-dependencies", "--yes")
    assert told.outcomes == {"prod/app": "succeeded", "prod/network": "succeeded"}
    assert three.outputs("prod/app")["prod/app.address"].endswith("10.0.0.0/16 or so")


def test_addresses_narrow_a_preview(setting: Setting) -> None:
    both = 'resource "terraform_data" "a" {}\nresource "terraform_data" "b" {}\n'
    stage = setting(
        {"runner.yaml": ONE["runner.yaml"], "environments/prod.yaml": "", "stacks/s/main.tf": both}
    )
    plan = stage.run("preview", "prod/s", "--target", "terraform_data.a").plans["prod/s"]
    assert (kinds(plan), plan["partial"]) == ({"terraform_data.a": "create"}, ["terraform_data.a"])


def test_a_saved_plan_can_be_shown_by_its_digest(one: Stage) -> None:
    digest = one.run("preview", "prod", "--save").plans["prod/network"]["digest"]
    shown = one.plain("show", digest)
    assert "terraform_data.net" in shown.stdout


def test_what_a_killed_preview_laid_out_is_gone_with_the_next_one(one: Stage) -> None:
    def dead(*events: str) -> Path:
        run = RunDirectory.begin(one.clone.path / ".git", datetime.now(UTC), "preview", "")
        name = TargetName(environment="prod", stack="network")
        (run.places(name).tree / "terraform.tfstate").write_text("{}")
        for event in events:
            run.journal.write({"event": event, "target": str(name)})
        run.leave()
        return run.work(name)

    only_planned, announced = dead(), dead("intent")
    one.run("preview", "prod")
    assert (only_planned.exists(), announced.exists()) == (False, True)


def test_what_was_laid_out_for_a_preview_is_gone_before_the_next_target_is_planned(
    setting: Setting, terraform_binary: Path, tmp_path: Path
) -> None:
    """A script stands before Terraform, and lists what lies beside the target that is planned."""
    listing, engine = tmp_path / "listing", tmp_path / "terraform"
    engine.write_text(
        f'#!/bin/sh\n[ "$1" != plan ] || ls -x ../../../.. >>{listing}\nexec {terraform_binary} "$@"\n'
    )
    engine.chmod(0o755)
    stacks = {f"stacks/{name}/main.tf": 'resource "terraform_data" "x" {}\n' for name in ("a", "b", "c")}
    settings = f"ledger: {{remote: origin}}\nengines:\n  terraform: {{path: {engine}}}\n"
    stage = setting({"runner.yaml": settings, "environments/prod.yaml": "", **stacks})
    assert len(stage.run("preview", "prod", "--jobs", "1").plans) == 3
    assert sorted(listing.read_text().split()) == ["prod%2Fa", "prod%2Fb", "prod%2Fc"]
