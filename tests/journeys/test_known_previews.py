"""Unchanged means known: a second preview shows the plan that this clone has kept, and starts no engine."""

import base64
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.codes import NETWORK, THREE, thing
from tests.journeys.conftest import Setting
from tests.journeys.stage import Files, Stage, Told

Watched = Callable[[Files], "Watching"]
CANARY = "canary-4f1c9a-secret-word"


class Watching:
    """A stage whose engine writes down each command that it is given."""

    def __init__(self, stage: Stage, commands: Path) -> None:
        self.stage, self._commands = stage, commands

    def preview(self, *more: str, **how: Any) -> tuple[Told, dict[str, int]]:
        """What a preview of `prod` told, and the commands that the engine was given for it."""
        self._commands.write_text("")
        told = self.stage.run("preview", "prod", *more, **how)
        return told, Counter(self._commands.read_text().split())

    def is_known(self, *more: str, **how: Any) -> bool:
        """Whether a preview of `prod` is answered without any engine; plans are whole either way."""
        told, commands = self.preview(*more, **how)
        ages = [plan["age"] for plan in told.plans.values()]
        assert all(plan["digest"] for plan in told.plans.values())
        assert not commands if None not in ages else commands["plan"] == ages.count(None)
        return None not in ages


@pytest.fixture
def watched(setting: Setting, terraform_binary: Path, tmp_path: Path) -> Watched:
    """`watched({path: text})`: a stage as of `setting`, Terraform behind a script that lists its commands."""

    def made(files: Files) -> Watching:
        commands, engine = tmp_path / "commands", tmp_path / "terraform"
        engine.write_text(f'#!/bin/sh\necho "$1" >>{commands}\nexec {terraform_binary} "$@"\n')
        engine.chmod(0o755)
        settings = f"ledger: {{remote: origin}}\nengines:\n  terraform: {{path: {engine}}}\n"
        return Watching(setting({**files, "runner.yaml": settings}), commands)

    return made


def kept(stage: Stage) -> list[Path]:
    """The plans that the clone keeps, by target and by when they were last of use."""
    return sorted(
        (stage.clone.path / ".git/runner/kept").glob("*/*"), key=lambda path: path.stat().st_mtime_ns
    )


def test_what_was_previewed_is_known_until_something_that_it_is_made_of_changes(watched: Watched) -> None:
    wishes = "targets: {network: {inputs: {cidr: 10.0.0.0/16}}}\n"
    at = watched({"environments/prod.yaml": wishes, "stacks/network/main.tf": NETWORK})
    first, commands = at.preview()
    assert commands["plan"] == 1
    second, commands = at.preview()
    before, after = first.plans["prod/network"], second.plans["prod/network"]
    assert (commands, before["age"]) == ({}, None)
    assert 0 <= after["age"] < 600
    assert {**before, "age": after["age"]} == after, "when it was made is told as it was"
    assert not at.is_known("--fresh")
    assert not at.is_known("--no-refresh")
    assert not at.is_known("--target", "terraform_data.net")
    assert not at.is_known("--save"), "the engine's own words are the engine's to say"
    assert at.is_known()
    assert not at.is_known(env={"AWS_REGION": "eu-west-3"}), "a provider would read it"

    changed = {"stacks/network/main.tf": NETWORK + 'output "more" { value = 1 }\n'}
    at.stage.clone.write(changed)
    assert not at.is_known(), "the code is another, if not committed"
    at.stage.change(changed)
    assert at.is_known(), "it is committed as it was planned"
    at.stage.change({"README.md": "nothing that a plan can see\n"})
    told, _ = at.preview()
    assert told.plans["prod/network"]["commit"] == at.stage.clone.git("rev-parse", "HEAD")
    at.stage.change({"environments/prod.yaml": wishes.replace("10.0", "10.1")})
    assert not at.is_known(), "an input"
    at.stage.change({"environments/prod.yaml": wishes})
    assert at.is_known(), "back to what was planned"
    at.stage.change({"environments/prod.yaml": wishes + "leases: {term: 50s}\n"})
    assert not at.is_known(), "a gate"


def test_the_log_of_a_run_that_only_showed_kept_plans_names_the_run_that_made_them(watched: Watched) -> None:
    at = watched(
        {"environments/prod.yaml": "", "stacks/one/main.tf": thing("a"), "stacks/two/main.tf": thing("b")}
    )
    made, _ = at.preview()
    shown, commands = at.preview()
    assert commands == {}
    made_by, showed = made.result["run"], shown.result["run"]
    told = at.stage.run("logs", showed)
    assert told.rows("log") == []
    assert {row["target"]: row["run"] for row in told.rows("shown")} == dict.fromkeys(made.plans, made_by)
    assert told.result["next"] == [f"runner logs {made_by}"]
    assert [row["target"] for row in at.stage.run("logs", showed, "prod/two").rows("shown")] == ["prod/two"]
    assert f"the one that run {made_by} made" in at.stage.plain("logs", showed).stdout
    at.stage.change({"stacks/two/main.tf": thing("c")})
    mixed, _ = at.preview()
    told = at.stage.run("logs", mixed.result["run"])
    assert [row["target"] for row in told.rows("log")] == ["prod/two"]
    assert [row["target"] for row in told.rows("shown")] == ["prod/one"]
    assert at.stage.run("logs", "last").rows("log") == told.rows("log"), "the last in which an engine spoke"


def test_an_apply_reads_no_kept_plan_and_what_is_kept_follows_the_state(watched: Watched) -> None:
    at = watched({"environments/prod.yaml": "", "stacks/one/main.tf": thing("a")})
    at.preview()
    assert at.is_known()
    told = at.stage.run("up", "prod", "--yes")
    assert (told.outcomes, told.plans["prod/one"]["age"]) == ({"prod/one": "succeeded"}, None)
    assert not at.is_known(), "there is a state now"
    assert at.is_known()
    said = at.stage.plain("preview", "prod")
    assert "planned before: 1 target, the oldest " in said.stdout
    at.stage.change({"stacks/one/main.tf": thing("b")})
    at.preview()
    assert "ago, and nothing that it is made of has changed" in at.stage.plain("preview", "prod").stdout
    assert at.stage.run("up", "prod", "--yes").plans["prod/one"]["age"] is None


def test_only_what_nothing_outside_git_can_change_is_known_for_longer_than_max_age(watched: Watched) -> None:
    moving = thing("${timestamp()}")
    at = watched(
        {
            "environments/prod.yaml": "plans: {max_age: 0s}\n",
            "stacks/still/main.tf": thing("a"),
            "stacks/moving/main.tf": moving,
        }
    )
    at.preview()
    told, commands = at.preview("-v")
    assert commands["plan"] == 1
    assert {name: plan["age"] is None for name, plan in told.plans.items()} == {
        "prod/moving": True,
        "prod/still": False,
    }
    assert any("`timestamp()` is called" in row["text"] for row in told.rows("target_progress"))
    at.stage.change({"environments/prod.yaml": "plans: {max_age: 1h}\n"})
    assert not at.is_known()
    assert at.is_known()


def test_a_kept_plan_that_is_not_whole_and_its_own_is_not_used(watched: Watched) -> None:
    at = watched(
        {"environments/prod.yaml": "", "stacks/one/main.tf": thing("a"), "stacks/two/main.tf": thing("a")}
    )
    at.preview()
    one, two = kept(at.stage)
    whole = one.read_bytes()
    flipped = bytes([*whole[:90], whole[90] ^ 1, *whole[91:]])
    for harm in (whole[:-1], b"", flipped, two.read_bytes(), two, None):
        one.unlink(missing_ok=True)
        match harm:
            case bytes():
                one.write_bytes(harm)
            case Path():
                one.symlink_to(harm)
            case None:
                one.mkdir()
        told, commands = at.preview()
        assert commands["plan"] == 1
        assert {plan["kind"] for plan in told.plans.values()} == {"planned"}
    one.rmdir()
    at.preview()
    assert at.is_known()
    one.write_bytes(whole[:40])
    assert "the kept plan is not used" in at.stage.plain("preview", "prod", "-v").stderr


def test_a_secret_lies_in_no_file_beside_the_plans_and_a_new_one_is_planned_anew(watched: Watched) -> None:
    code = (
        'variable "password" {\n  type = string\n  sensitive = true\n}\n'
        'resource "terraform_data" "db" { input = "user:${var.password}" }\n'
        'output "seen" { value = nonsensitive(md5(var.password)) }\n'
    )
    wishes = 'allow: {secrets: ["env:DB"]}\ntargets: {db: {inputs: {password: "${secret:env:DB}"}}}\n'
    at = watched({"environments/prod.yaml": wishes, "stacks/db/main.tf": code})
    secret = {"env": {"DB": CANARY}}
    at.preview(**secret)
    assert at.is_known(**secret)
    assert not at.is_known(env={"DB": "another-secret-word"})
    ours = at.stage.clone.path / ".git/runner"
    files = [path for path in ours.rglob("*") if path.is_file()]
    forms = (CANARY.encode(), base64.b64encode(CANARY.encode())[:24])
    assert not [path for path in files if any(form in path.read_bytes() for form in forms)]
    own = [path for path in (ours / "kept").rglob("*") if path.is_file()]
    assert not [path for path in own if b"terraform_data" in path.read_bytes()]
    assert {path.stat().st_mode & 0o777 for path in own} == {0o600}
    assert not (ours / "key").exists(), "that one seals states, and nothing was applied"
    (ours / "kept/key").unlink()
    assert not at.is_known(**secret), "what another key sealed is not ours"


def test_what_hangs_on_others_is_known_while_they_are_as_they_were(watched: Watched) -> None:
    at = watched({path: text for path, text in THREE.items() if path != "runner.yaml"})
    told, _ = at.preview()
    assert told.plans["prod/app"]["kind"] == "deferred"
    at.stage.run("up", "prod", "--yes")
    at.preview()
    assert at.is_known()
    other = THREE["environments/prod.yaml"].replace("10.0.0.0", "10.9.0.0")
    at.stage.change({"environments/prod.yaml": other})
    assert not at.is_known()
    told, commands = at.preview()
    assert (commands, told.plans["prod/app"]["kind"]) == ({}, "planned")
    assert "10.9.0.0/16" in str(told.plans["prod/app"]["changes"])
    at.stage.run("up", "prod/network", "--yes")
    assert not at.is_known(), "the value that was foreseen is live"


def test_a_provisional_plan_is_made_again_each_time(watched: Watched) -> None:
    order = "targets: {second: {depends_on: [first]}}\n"
    files = {"stacks/first/main.tf": thing("1"), "stacks/second/main.tf": thing("1")}
    at = watched({"environments/prod.yaml": order, **files})
    at.stage.run("up", "prod", "--yes")
    at.stage.change({path: thing("2") for path in files})
    at.preview()
    told, commands = at.preview()
    assert (told.plans["prod/second"]["kind"], told.plans["prod/second"]["age"]) == ("provisional", None)
    assert commands["plan"] == 1, "the first is known"
