"""Where states lie, and the verbs that move them."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.codes import NETWORK, ONE, RUNNER, thing
from tests.journeys.conftest import Setting
from tests.journeys.stage import Stage, kinds

CANARY = "only-the-key-reads-this"


def _with(value: str, more: str = "") -> dict[str, str]:
    return {
        "runner.yaml": RUNNER,
        "environments/prod.yaml": more,
        "stacks/s/main.tf": 'resource "terraform_data" "thing" { input = file("${path.module}/value") }\n',
        "stacks/s/value": value,
    }


def _blobs(stage: Stage, ref: str) -> bytes:
    names = stage.on_remote("ls-tree", "-r", "--name-only", ref).splitlines()
    return b"".join(
        stage.on_remote("cat-file", "-p", f"{ref}:{name}").encode("utf-8", "replace") for name in names
    )


def test_a_state_in_git_is_ciphertext_and_its_lineage_and_serial_are_on_the_record(
    setting: Setting, colleague: Callable[[Stage], Stage]
) -> None:
    stage = setting({**ONE, "environments/prod.yaml": "targets: {network: {inputs: {cidr: seen-nowhere}}}\n"})
    stage.run("up", "prod", "--yes")
    state = stage.state("prod/network")
    entry = stage.entries()[0]
    assert (entry["state"]["facts"]["lineage"], entry["state"]["facts"]["serial"]) == (
        state["lineage"],
        state["serial"],
    )
    message = stage.on_remote("log", "-1", "--format=%B", "refs/runner/live/prod")
    assert state["lineage"] in message
    objects = stage.clone.path.parent / "objects"
    for ref in ("refs/runner/state/prod", "refs/runner/live/prod"):
        stage.clone.git("fetch", "--quiet", "origin", f"+{ref}:refs/read/{ref}")
        stage.clone.git("archive", "--output", str(objects), f"refs/read/{ref}")
        content = objects.read_bytes()
        assert b"terraform_version" not in content
        assert b"seen-nowhere" not in content, "values in entries are sealed"
    assert not list(stage.clone.path.glob("**/*.tfstate*"))
    key = (stage.clone.path / ".git/runner/key").stat()
    assert key.st_mode & 0o777 == 0o600
    assert colleague(stage).state("prod/network") == state


def test_without_the_key_nothing_is_read_and_nothing_touched(
    one: Stage, colleague: Callable[[Stage], Stage]
) -> None:
    one.run("up", "prod", "--yes")
    other = colleague(one)
    (other.clone.path / ".git/runner/key").unlink()
    before = one.refs()
    for words in (("up", "prod", "--yes"), ("preview", "prod"), ("state", "pull", "prod/network")):
        told = other.run(*words, code=2)
        assert "key-missing" in told.codes
        assert "GITOPS_RUNNER_KEY" in told.diagnostic("key-missing")["hint"]
        assert "`runner key export prod`" in told.diagnostic("key-missing")["hint"], "as it is to be typed"
    assert one.refs() == before
    other_key = {"GITOPS_RUNNER_KEY_PROD": base64.b64encode(bytes(range(32))).decode()}
    told = other.run("up", "prod", "--yes", code=2, env=other_key)
    assert "key-unknown" in told.codes
    assert not [each for each in told.result["next"] if each.startswith("runner logs")], (
        "no engine said a word"
    )
    exported = one.plain("key", "export", "prod", "--yes").stdout.strip()
    told = other.run("preview", "prod", env={"GITOPS_RUNNER_KEY_PROD": exported})
    assert told.plans["prod/network"]["changed"] is False


def test_states_are_pulled_pushed_listed_and_restored_on_the_record(one: Stage, tmp_path: Path) -> None:
    one.run("up", "prod", "--yes")
    one.change({"stacks/network/main.tf": NETWORK + 'resource "terraform_data" "more" {}\n'})
    one.run("up", "prod", "--yes")
    rows = one.run("state", "list", "prod/network").rows("row")
    assert {row["address"] for row in rows} == {"terraform_data.net", "terraform_data.more"}
    assert {row["resource_type"] for row in rows} == {"terraform_data"}
    versions = {row["version"]: row for row in one.run("state", "versions", "prod/network").rows("row")}
    newest = max(versions)
    assert versions[newest]["standing"] == "on record"

    state = one.state("prod/network")
    file = tmp_path / "mine.tfstate"
    one.plain("state", "pull", "prod/network", "-o", str(file))
    assert json.loads(file.read_text()) == state
    assert file.stat().st_mode & 0o777 == 0o600
    one.run("state", "push", "prod/network", file, "--yes")
    assert len(one.entries()) == 2, "the same state is no change"
    less = [each for each in state["resources"] if each["name"] != "more"]
    file.write_text(json.dumps({**state, "resources": less}))
    assert "state-not-newer" in one.run("state", "push", "prod/network", file, "--yes", code=2).codes
    file.write_text(
        json.dumps({**state, "resources": less, "serial": state["serial"] + 1, "lineage": "other"})
    )
    assert "state-other-lineage" in one.run("state", "push", "prod/network", file, "--yes", code=2).codes
    file.write_text(json.dumps({**state, "resources": less, "serial": state["serial"] + 1}))
    one.run("state", "push", "prod/network", file, "--yes")
    assert one.addresses("prod/network") == {"terraform_data.net"}
    assert one.entries()[-1]["kind"] == "surgery"
    assert kinds(one.run("preview", "prod").plans["prod/network"]) == {"terraform_data.more": "create"}

    one.run("state", "restore", "prod/network", str(newest), "--yes")
    assert one.addresses("prod/network") == {"terraform_data.net", "terraform_data.more"}
    after = one.state("prod/network")
    assert (after["lineage"], after["serial"]) == (state["lineage"], state["serial"] + 2)
    assert one.run("preview", "prod").plans["prod/network"]["changed"] is False
    older = min(versions)
    pulled = json.loads(one.plain("state", "pull", "prod/network", "--version", str(older)).stdout)
    assert pulled["serial"] < state["serial"]


def test_a_state_moves_from_git_to_a_file_and_back_with_its_lineage_and_serial(
    one: Stage, tmp_path: Path
) -> None:
    place = tmp_path / "states"
    yaml = ONE["environments/prod.yaml"]
    one.run("up", "prod", "--yes")
    before = one.state("prod/network")
    one.change(
        {"environments/prod.yaml": f"{yaml}state: {{backend: local, path: '{place}/{{stack}}.tfstate'}}\n"}
    )
    one.run("state", "migrate", "prod/network", "--yes")
    assert one.state("prod/network") == before
    assert [file for file in place.rglob("*") if file.is_file() and before["lineage"] in file.read_text()]
    assert one.entries()[-1]["kind"] == "migrate"
    assert one.run("up", "prod", "--yes").plans["prod/network"]["changed"] is False
    one.change({"environments/prod.yaml": yaml})
    one.run("state", "migrate", "prod/network", "--to", "git", "--yes")
    after = one.state("prod/network")
    assert (after["lineage"], after["serial"], after["resources"]) == (
        before["lineage"],
        before["serial"],
        before["resources"],
    )
    assert one.run("up", "prod", "--yes").plans["prod/network"]["changed"] is False
    assert one.entries()[-1]["state"]["store"] == "git"


def test_a_state_that_lies_beside_the_code_is_never_overlooked(one: Stage) -> None:
    one.run("up", "prod", "--yes")
    state = one.state("prod/network")
    one.change(
        {
            "stacks/old/main.tf": NETWORK,
            ".gitignore": "*.tfstate*\n",
            "environments/prod.yaml": ONE["environments/prod.yaml"].replace(
                "targets: {", "targets: {old: {inputs: {cidr: 10.0.0.0/16}}, "
            ),
        }
    )
    beside = one.clone.path / "stacks/old/terraform.tfstate"
    beside.write_text(json.dumps({**state, "lineage": "11111111-2222-3333-4444-555555555555", "serial": 7}))
    for words in (("up", "prod/old", "--yes"), ("preview", "prod/old")):
        told = one.run(*words, code=2)
        assert "runner state migrate prod/old" in str(told.diagnostics)
    one.run("state", "migrate", "prod/old", "--to", "git", "--yes")
    assert not beside.exists()
    assert (one.state("prod/old")["lineage"][:8], one.state("prod/old")["serial"]) == ("11111111", 7)
    assert one.run("up", "prod/old", "--yes").plans["prod/old"]["changed"] is False


def test_local_states_lie_where_the_environment_says(setting: Setting, tmp_path: Path) -> None:
    place = tmp_path / "states"
    stage = setting(_with(CANARY, f"state: {{backend: local, path: '{place}/{{stack}}.tfstate'}}\n"))
    stage.run("up", "prod", "--yes")
    (file,) = [each for each in place.rglob("*") if each.is_file() and CANARY in each.read_text()]
    assert json.loads(file.read_text()) == stage.state("prod/s")
    assert "refs/runner/state/prod" not in stage.refs()
    stage.change({"stacks/s/value": "other"})
    stage.run("up", "prod", "--yes")
    assert stage.attributes("prod/s", "terraform_data.thing")["output"]["value"] == "other"
    stage.run("destroy", "prod", "--yes")
    assert stage.standing() == {"prod/s": "held"}


AS_WRITTEN = 'terraform {\n  backend "local" { path = "../../states/s.tfstate" }\n}\n'


def test_a_backend_block_is_used_as_written_from_the_users_checkout(setting: Setting) -> None:
    files = {**_with("a"), ".gitignore": "states/\n"}
    stage = setting({**files, "stacks/s/backend.tf": AS_WRITTEN})
    stage.run("up", "prod", "--yes")
    file = stage.clone.path / "states/s.tfstate"
    assert json.loads(file.read_text())["lineage"] == stage.state("prod/s")["lineage"]
    assert stage.entries()[0]["state"]["store"] == "as-written"
    assert "refs/runner/state/prod" not in stage.refs()
    assert stage.run("up", "prod", "--yes").plans["prod/s"]["changed"] is False
    stage.change({"stacks/s/value": "b"})
    assert kinds(stage.run("up", "prod", "--yes").plans["prod/s"]) == {"terraform_data.thing": "update"}
    stage.run("destroy", "prod", "--yes")
    assert json.loads(file.read_text())["resources"] == []


def test_a_state_that_its_backend_lost_or_moved_back_is_never_planned_as_new(setting: Setting) -> None:
    stage = setting({**_with("a"), ".gitignore": "states/\n", "stacks/s/backend.tf": AS_WRITTEN})
    stage.run("up", "prod", "--yes")
    file = stage.clone.path / "states/s.tfstate"
    older = file.read_bytes()
    stage.change({"stacks/s/value": "b"})
    stage.run("up", "prod", "--yes")
    newer = file.read_bytes()
    another = newer.replace(json.loads(newer)["lineage"].encode(), b"11111111-2222-3333-4444-555555555555")
    for content, code in ((None, "missing"), (older, "moved-back"), (another, "not-on-record")):
        file.unlink() if content is None else file.write_bytes(content)
        for words in (("preview", "prod"), ("up", "prod", "--yes")):
            assert f"state-{code}" in stage.run(*words, code=7).codes
        assert (file.read_bytes() if file.exists() else None) == content
    serial = json.loads(newer)["serial"]
    file.write_bytes(newer.replace(b'"serial": %d' % serial, b'"serial": %d' % (serial + 1)))
    told = stage.run("up", "prod", "--yes")
    assert (told.outcomes, "state-foreign" in told.codes) == ({"prod/s": "unchanged"}, True)


@pytest.mark.parametrize("backend", ["git", "local"])
def test_a_state_setting_that_contradicts_the_code_is_a_mistake(setting: Setting, backend: str) -> None:
    files = {**_with("a", f"state: {{backend: {backend}}}\n"), "stacks/s/backend.tf": AS_WRITTEN}
    stage = setting(files)
    told = stage.run("up", "prod", "--yes", code=2)
    assert "state" in str(told.codes)
    assert "migrate" in str(told.diagnostics)
    assert not (stage.clone.path / "states").exists()
    assert stage.entries() == []


@pytest.mark.parametrize("place", ["../net/net.tfstate", "${path.module}/../net/net.tfstate", "ABSOLUTE"])
def test_a_reader_of_a_state_that_is_about_to_change_is_provisional(
    setting: Setting, tmp_path: Path, place: str
) -> None:
    place = place.replace("ABSOLUTE", str(tmp_path / "net.tfstate"))
    written = place.removeprefix("${path.module}/../net/").removeprefix("../net/")
    backend = f'terraform {{\n  backend "local" {{ path = "{written}" }}\n}}\n'
    reader = f"""\
data "terraform_remote_state" "net" {{
  backend = "local"
  config  = {{ path = "{place}" }}
}}
output "read" {{ value = data.terraform_remote_state.net.outputs.out }}
"""
    stage = setting(
        {
            "runner.yaml": RUNNER,
            "environments/prod.yaml": "",
            "stacks/net/main.tf": thing("a") + backend,
            "stacks/reads/main.tf": reader,
        }
    )
    assert stage.run("preview", "prod").plans["prod/reads"]["kind"] == "deferred"
    stage.run("up", "prod", "--yes")
    stage.change({"stacks/net/main.tf": thing("b") + backend})
    assert stage.run("preview", "prod").plans["prod/reads"]["kind"] == "provisional"
    stage.run("up", "prod", "--yes")
    assert stage.outputs("prod")["prod/reads.read"] == "b"
