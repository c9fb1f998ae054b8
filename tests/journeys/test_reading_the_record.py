"""What was applied, read again: status, log, show, outputs, logs, graph, and Git itself."""

import json
from collections.abc import Callable

from tests.journeys.codes import NETWORK, ONE, RUNNER, THREE, thing
from tests.journeys.conftest import Setting
from tests.journeys.stage import Stage


def test_status_says_what_is_live_behind_failed_and_never_applied(three: Stage) -> None:
    assert set(three.standing().values()) == {"never applied"}
    three.run("up", "prod/network", "--yes")
    assert three.standing() == {
        "prod/app": "never applied",
        "prod/database": "never applied",
        "prod/network": "live",
    }
    three.run("up", "prod", "--yes")
    commit = three.clone.git("rev-parse", "--short=12", "HEAD")
    three.change({"stacks/app/main.tf": THREE["stacks/app/main.tf"] + 'output "more" { value = 1 }\n'})
    rows = {row["target"]: row for row in three.run("status", "prod").rows("status")}
    assert {name: row["state"] for name, row in rows.items()} == {
        "prod/app": "behind",
        "prod/database": "live",
        "prod/network": "live",
    }
    assert commit in rows["prod/app"]["because"]
    assert (rows["prod/network"]["resources"], rows["prod/network"]["lease"]) == (1, "")
    assert [row["target"] for row in three.run("status", "stacks/app").rows("status")] == ["prod/app"]
    told = three.run("up", "prod", "--yes", "--behind")
    assert told.outcomes == {"prod/app": "succeeded"}
    assert three.run("up", "prod", "--yes", "--behind").outcomes == {}


def test_status_shows_orphans_and_up_does_not_touch_them(three: Stage) -> None:
    three.run("up", "prod", "--yes")
    yaml = "".join(
        line for line in THREE["environments/prod.yaml"].splitlines(True) if "database" not in line
    )
    three.change({"environments/prod.yaml": yaml, "stacks/database/main.tf": None})
    for selectors in ((), ("prod",)):
        assert three.standing(*selectors)["prod/database"] == "orphan"
    before = three.entries()
    told = three.run("up", "prod", "--yes")
    assert [row["target"] for row in told.rows("orphan")] == ["prod/database"]
    assert "prod/database" not in told.outcomes
    assert three.entries() == before


def test_an_environment_whose_file_is_gone_is_still_shown(setting: Setting) -> None:
    stage = setting({**ONE, "environments/dev.yaml": ONE["environments/prod.yaml"]})
    stage.run("up", "--all-environments", "--yes")
    stage.change({"environments/dev.yaml": None})
    assert stage.standing() == {"dev/network": "orphan", "prod/network": "live"}


def test_log_and_show_tell_an_entry_and_what_it_left(one: Stage) -> None:
    first = one.clone.git("rev-parse", "HEAD")
    one.run("up", "prod", "--yes")
    second = one.change({"stacks/network/main.tf": NETWORK + 'output "more" { value = 1 }\n'})
    one.run("up", "prod", "--yes")
    newest, oldest = one.run("log").rows("entry")
    assert (newest["commit"], oldest["commit"]) == (second, first)
    assert newest["actor"] == {"name": "ada.example@example.test", "confirmed": False}
    assert len(one.run("log", "-n", "1").rows("entry")) == 1
    assert len(one.run("log", "prod/network", "-n", "0").rows("entry")) == 2

    (entry,) = one.run("show", oldest["id"][:10]).rows("entry")
    assert (entry["id"], entry["counts"]) == (oldest["id"], {"create": 1, "outputs": 2})
    shown = one.run("show", "prod/network")
    assert [row["id"] for row in shown.rows("entry")] == [newest["id"]]
    (resource,) = shown.rows("resource")
    assert (resource["address"], resource["resource_type"]) == ("terraform_data.net", "terraform_data")
    assert "Terraform will perform" in one.plain("show", oldest["id"], "--raw").stdout
    assert one.run("show", "nothing-like-it", code=2).codes == {"nothing-to-show"}


def test_the_record_is_narrowed_as_targets_are(three: Stage) -> None:
    three.run("up", "prod", "--yes")
    assert len(three.run("log").rows("entry")) == 3
    for words in (("--stack", "app"), ("prod/app",), ("prod", "!prod/network", "!prod/database")):
        assert [row["target"] for row in three.run("log", *words).rows("entry")] == ["prod/app"], words
    for verb in ("log", "locks"):
        assert three.run(verb, "--changed", code=2).codes == {"not-yet"}


def test_git_answers_without_the_program(one: Stage) -> None:
    one.run("up", "prod", "--yes")
    one.change({"stacks/network/main.tf": NETWORK + 'output "more" { value = 1 }\n'})
    one.run("up", "prod", "--yes")
    ids = one.on_remote(
        "log", "--first-parent", "--format=%H", "refs/runner/live/prod", "--", "targets/network"
    )
    assert ids.split() == [each["id"] for each in one.entries()[::-1]]
    message = one.on_remote("log", "-1", "--format=%B", "refs/runner/live/prod")
    for words in ("network", "succeeded", one.entries()[-1]["state"]["facts"]["lineage"]):
        assert words in message
    live = json.loads(one.on_remote("show", "refs/runner/live/prod:targets/network/deployment.json"))
    assert "succeeded" in json.dumps(live)


SENSITIVE = """\
output "open" { value = { a = [1, "two"] } }
output "closed" {
  value     = "hush"
  sensitive = true
}
"""


def test_outputs_are_typed_and_sensitive_ones_are_shown_to_who_asks(
    setting: Setting, colleague: Callable[[Stage], Stage]
) -> None:
    stage = setting({"runner.yaml": RUNNER, "environments/prod.yaml": "", "stacks/s/main.tf": SENSITIVE})
    stage.run("up", "prod", "--yes")
    shown = stage.outputs("prod")
    assert shown["prod/s.open"] == {"a": [1, "two"]}
    assert "hush" not in str(shown)
    assert "hush" not in stage.plain("outputs", "prod").stdout
    assert stage.outputs("prod", "--reveal")["prod/s.closed"] == "hush"
    assert stage.plain("outputs", "prod/s", "--name", "closed", "--reveal").stdout.strip() == "hush"
    assert json.loads(stage.plain("outputs", "prod/s", "--name", "open").stdout) == {"a": [1, "two"]}
    assert colleague(stage).outputs("prod") == shown


def test_logs_keep_what_the_engine_said(setting: Setting) -> None:
    stage = setting({"runner.yaml": RUNNER, "environments/prod.yaml": "", "stacks/s/main.tf": thing("a")})
    stage.run("up", "prod", "--yes")
    run = stage.entries()[0]["run"]
    (row,) = stage.run("logs").rows("run")
    assert (row["id"], row["verb"]) == (run, "up")
    (log,) = stage.run("logs", run, "prod/s").rows("log")
    assert "terraform_data.thing: Creation complete" in log["text"]
    assert stage.run("logs", run, "prod/other", code=2).rows("log") == []


def test_after_a_failure_the_next_command_that_is_named_shows_the_engines_words(setting: Setting) -> None:
    failing = (
        'resource "terraform_data" "a" {\n  provisioner "local-exec" { command = "echo woe; exit 3" }\n}\n'
    )
    stage = setting({"runner.yaml": RUNNER, "environments/prod.yaml": "", "stacks/s/main.tf": failing})
    told = stage.run("up", "prod", "--yes", code=1)
    command = next(each for each in told.result["next"] if "logs" in each)
    assert "woe" in stage.plain(*command.split()[1:]).stdout


def test_the_graph_is_told_in_every_format(three: Stage) -> None:
    nodes = {row["target"]: row for row in three.run("graph", "prod").rows("node")}
    assert {name: node["wave"] for name, node in nodes.items()} == {
        "prod/app": 2,
        "prod/database": 2,
        "prod/network": 1,
    }
    assert [need["target"] for need in nodes["prod/app"]["needs"]] == ["prod/network"]
    assert "its output `id`" in nodes["prod/app"]["needs"][0]["because"]
    dot = three.plain("graph", "prod", "--format", "dot").stdout
    assert dot.startswith("digraph")
    assert dot.count("->") == 2
    mermaid = three.plain("graph", "prod", "--format", "mermaid").stdout
    assert mermaid.startswith(("graph", "flowchart"))
    assert mermaid.count("-->") == 2
    assert "needs prod/network" in three.plain("graph", "prod").stdout
    assert [row["target"] for row in three.run("graph", "prod/app").rows("node")] == ["prod/app"]


def test_who_git_does_not_know_is_nobody_on_the_record_and_is_told(one: Stage) -> None:
    for key in ("user.name", "user.email"):
        one.clone.git("config", "--unset", key)
    told = one.run("up", "prod", "--yes")
    assert "git config user.email" in told.diagnostic("actor-unknown")["hint"]
    assert one.entries()[-1]["actor"] == {"name": "unknown", "confirmed": False}
    assert "actor-unknown" not in one.run("preview", "prod").codes
    author = one.on_remote("log", "-1", "--format=%an <%ae>", "refs/runner/live/prod").strip()
    assert author == "gitops-runner <gitops-runner@localhost>"


def test_where_the_record_keeps_no_values_outputs_flow_from_the_states_all_the_same(setting: Setting) -> None:
    kept = "ledger: {values: none}\n"
    stage = setting({**THREE, "environments/prod.yaml": THREE["environments/prod.yaml"] + kept})
    stage.run("up", "prod", "--yes")
    record = stage.on_remote("archive", "--format=tar", "refs/runner/live/prod")
    assert "10.0.0.0/16" not in record
    network = stage.state("prod/network")["outputs"]
    assert (network["cidr"]["value"], stage.outputs("prod")["prod/network.cidr"]) == ("10.0.0.0/16",) * 2
    assert "10.0.0.0/16" in str(stage.state("prod/app"))
    assert stage.run("up", "prod", "--yes").outcomes == dict.fromkeys(
        ("prod/network", "prod/app", "prod/database"), "unchanged"
    )
