"""`runner up`: what is applied, in which order, and what the record knows of it."""

from pathlib import Path

from tests.journeys.codes import NETWORK, ONE, thing
from tests.journeys.conftest import Setting
from tests.journeys.stage import Stage, kinds


def test_a_fresh_up_applies_in_order_and_records_each_target(three: Stage) -> None:
    commit = three.clone.git("rev-parse", "HEAD")
    told = three.run("up", "prod", "--yes")
    assert told.outcomes == dict.fromkeys(("prod/app", "prod/database", "prod/network"), "succeeded")
    assert told.rows("run_started")[0]["waves"] == [["prod/network"], ["prod/app", "prod/database"]]
    net = three.attributes("prod/network", "terraform_data.net")["id"]
    for stack in ("app", "database"):
        assert three.outputs(f"prod/{stack}") == {f"prod/{stack}.address": f"{net} in 10.0.0.0/16"}
    entries = three.on_remote("log", "--first-parent", "--format=<%P>", "refs/runner/live/prod").splitlines()
    *applied, opening = entries
    assert opening == "<>", "a parentless commit opens the ledger"
    assert len(applied) == 3
    assert {line.strip("<>").split(" ")[1] for line in applied} == {commit}, (
        "the second parent is what was applied"
    )
    live = three.on_remote("ls-tree", "-r", "--name-only", "refs/runner/live/prod").splitlines()
    assert {f"targets/{stack}/deployment.json" for stack in ("app", "database", "network")} <= set(live)
    assert three.run("locks").rows("lease") == []
    assert three.clone.git("status", "--porcelain") == ""


def test_an_up_without_a_change_applies_nothing_and_writes_no_entry(three: Stage) -> None:
    three.run("up", "prod", "--yes")
    before = three.refs()
    states = {name: three.state(f"prod/{name}") for name in ("network", "app")}
    told = three.run("up", "prod", "--yes")
    assert set(told.outcomes.values()) == {"unchanged"}
    assert not any(plan["changed"] for plan in told.plans.values())
    after = three.refs()
    for kind in ("live", "state"):
        assert after[f"refs/runner/{kind}/prod"] == before[f"refs/runner/{kind}/prod"]
    assert states == {name: three.state(f"prod/{name}") for name in states}


def test_other_code_with_the_same_plan_is_recorded_as_live(one: Stage) -> None:
    one.run("up", "prod", "--yes")
    commit = one.change({"stacks/network/main.tf": f"# the same\n{NETWORK}"})
    assert one.standing() == {"prod/network": "behind"}
    one.run("up", "prod", "--yes")
    assert one.standing() == {"prod/network": "live"}
    assert one.entries()[-1]["commit"] == commit


def test_an_update_a_replacement_and_a_deletion_reach_the_state(setting: Setting) -> None:
    stage = setting({**ONE, "stacks/network/main.tf": thing("a"), "environments/prod.yaml": ""})
    stage.run("up", "prod", "--yes")
    first = stage.attributes("prod/network", "terraform_data.thing")
    stage.change({"stacks/network/main.tf": thing("b")})
    told = stage.run("up", "prod", "--yes")
    assert kinds(told.plans["prod/network"]) == {"terraform_data.thing": "update"}
    second = stage.attributes("prod/network", "terraform_data.thing")
    assert (second["id"], second["output"]["value"]) == (first["id"], "b")

    stage.change({"stacks/network/main.tf": thing("b", more="  triggers_replace = 1\n")})
    told = stage.run("up", "prod", "--yes")
    assert kinds(told.plans["prod/network"]) == {"terraform_data.thing": "replace"}
    assert stage.attributes("prod/network", "terraform_data.thing")["id"] != first["id"]

    stage.change({"stacks/network/main.tf": 'output "out" { value = "b" }\n'})
    told = stage.run("up", "prod", "--yes")
    assert kinds(told.plans["prod/network"]) == {"terraform_data.thing": "delete"}
    assert stage.addresses("prod/network") == set()
    counts = [each["counts"] for each in stage.entries()]
    assert [sorted(set(each) - {"outputs"}) for each in counts] == [
        ["create"],
        ["update"],
        ["replace"],
        ["delete"],
    ]


def test_a_change_of_outputs_alone_is_applied(one: Stage) -> None:
    one.run("up", "prod", "--yes")
    one.change({"stacks/network/main.tf": NETWORK + 'output "more" { value = "new" }\n'})
    told = one.run("up", "prod", "--yes")
    assert told.plans["prod/network"]["changed"] is True
    assert kinds(told.plans["prod/network"]) == {}
    assert told.outcomes == {"prod/network": "succeeded"}
    assert one.outputs("prod")["prod/network.more"] == "new"
    assert one.entries()[-1]["counts"] == {"outputs": 1}


def test_a_move_alone_is_applied_and_nothing_is_replaced(one: Stage) -> None:
    one.run("up", "prod", "--yes")
    before = one.attributes("prod/network", "terraform_data.net")["id"]
    moved = NETWORK.replace("terraform_data.net", "terraform_data.other").replace('"net"', '"other"')
    one.change(
        {
            "stacks/network/main.tf": moved
            + "moved {\n  from = terraform_data.net\n  to = terraform_data.other\n}\n"
        }
    )
    told = one.run("up", "prod", "--yes")
    change = told.plans["prod/network"]["changes"][0]
    assert (change["kind"], change["previous_address"]) == ("move", "terraform_data.net")
    assert told.outcomes == {"prod/network": "succeeded"}
    assert one.addresses("prod/network") == {"terraform_data.other"}
    assert one.attributes("prod/network", "terraform_data.other")["id"] == before


FAILING = """\
variable "cidr" { type = string }
resource "terraform_data" "good" { input = var.cidr }
resource "terraform_data" "bad" {
  input      = var.cidr
  depends_on = [terraform_data.good]
  provisioner "local-exec" { command = "test -e ${var.cidr}" }
}
output "id" { value = terraform_data.bad.id }
output "cidr" { value = var.cidr }
"""


def test_a_failure_in_the_middle_is_recorded_and_stops_only_its_dependents(
    three: Stage, tmp_path: Path
) -> None:
    mark = tmp_path / "mended"
    three.change(
        {
            "environments/prod.yaml": f"""\
targets:
  network: {{inputs: {{cidr: {mark}}}}}
  app: {{inputs: {{net: "${{network.id}}", cidr: "${{network.cidr}}"}}}}
  database: {{inputs: {{net: alone, cidr: alone}}}}
""",
            "stacks/network/main.tf": FAILING,
        }
    )
    told = three.run("up", "prod", "--yes", code=1)
    assert told.outcomes == {"prod/network": "failed", "prod/app": "skipped", "prod/database": "succeeded"}
    assert "`prod/network`" in told.becauses["prod/app"]
    assert three.addresses("prod/network") == {"terraform_data.good", "terraform_data.bad"}, (
        "what was made is kept"
    )
    kept = three.attributes("prod/network", "terraform_data.good")["id"]
    assert {each["target"]: each["result"] for each in three.entries()} == {
        "prod/network": "failed",
        "prod/database": "succeeded",
    }
    assert three.standing()["prod/network"] == "failed"

    mark.touch()
    told = three.run("up", "prod", "--yes")
    assert told.outcomes == {
        "prod/network": "succeeded",
        "prod/app": "succeeded",
        "prod/database": "unchanged",
    }
    assert three.attributes("prod/network", "terraform_data.good")["id"] == kept
    assert set(three.standing().values()) == {"live"}


TWO = """\
resource "terraform_data" "a" { input = "x" }
resource "terraform_data" "b" { input = "x" }
"""


def test_a_part_of_a_target_is_applied_and_recorded_as_a_part(setting: Setting) -> None:
    stage = setting(
        {"runner.yaml": ONE["runner.yaml"], "environments/prod.yaml": "", "stacks/s/main.tf": TWO}
    )
    stage.run("up", "prod", "--yes", "--target", "terraform_data.a")
    assert stage.addresses("prod/s") == {"terraform_data.a"}
    assert stage.entries()[-1]["partial"] == ["terraform_data.a"]
    assert stage.standing()["prod/s"] == "behind", "a part is not the whole"
    stage.run("up", "prod", "--yes")
    assert stage.addresses("prod/s") == {"terraform_data.a", "terraform_data.b"}
    assert (stage.entries()[-1]["partial"], stage.standing()["prod/s"]) == ([], "live")
    before = {name: stage.attributes("prod/s", f"terraform_data.{name}")["id"] for name in "ab"}
    told = stage.run("up", "prod", "--yes", "--replace", "terraform_data.b")
    assert kinds(told.plans["prod/s"]) == {"terraform_data.b": "replace"}
    after = {name: stage.attributes("prod/s", f"terraform_data.{name}")["id"] for name in "ab"}
    assert (after["a"] == before["a"], after["b"] == before["b"]) == (True, False)
    assert stage.entries()[-1]["partial"] == ["terraform_data.b"]


def test_an_address_that_is_nobodys_is_told_where_it_was_to_be_replaced(one: Stage) -> None:
    one.run("up", "prod", "--yes")
    (address,) = sorted(one.addresses("prod/network"))[:1]
    told = one.run("up", "prod", "--yes", "--replace", f"{address}_misspelt")
    assert f"--replace {address}_misspelt" in told.diagnostic("replace-unmatched")["message"]
    assert "replace-unmatched" not in one.run("preview", "prod", "--replace", address).codes


def test_without_a_terminal_and_without_yes_nothing_is_begun(one: Stage) -> None:
    before = one.refs()
    for verb in ("up", "destroy"):
        assert one.run(verb, "prod", code=2).codes == {"nobody-to-ask"}
    assert one.refs() == before
