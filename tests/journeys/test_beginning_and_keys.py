"""Starting a repository, its keys, and the verbs that explain."""

import base64
import json
from collections.abc import Callable

import pytest

from tests.checkout import Checkout
from tests.journeys.codes import NETWORK
from tests.journeys.stage import Stage
from tests.program import Program

MORE = NETWORK + 'output "more" { value = 1 }\n'


def test_an_empty_repository_is_started_and_brought_up(
    repository: Checkout, run_runner: Program, embedded_terraform: object
) -> None:
    stage = Stage(clone=repository, program=run_runner)
    files = {row["path"] for row in stage.run("init").rows("file")}
    assert stage.clone.git("status", "--porcelain") == "", "a proposal writes nothing"
    told = stage.run("init", "--remote", "origin", "--yes")
    assert {row["path"] for row in told.rows("file")} >= files
    assert told.result["next"][1] == "git push origin HEAD", "`up` takes only what is pushed"
    assert stage.run("init", "--yes").result["written"] is False, "nothing is written twice"
    stage.change({}, "start")
    environment = next(row["path"] for row in told.rows("file") if row["path"].startswith("environments/"))
    name = environment.removeprefix("environments/").removesuffix(".yaml")
    assert set(stage.run("up", name, "--yes").outcomes.values()) == {"succeeded"}
    assert f"refs/runner/live/{name}" in stage.refs()
    assert stage.clone.git("status", "--porcelain") == ""


def test_an_existing_monorepo_gets_the_layout_that_it_has(
    repository: Checkout, run_runner: Program, terraform_binary: object
) -> None:
    stage = Stage(clone=repository, program=run_runner)
    code = 'resource "terraform_data" "a" {}\n'
    stage.change(
        {
            "live/dev/eu/network/main.tf": code,
            "live/prod/eu/network/main.tf": code,
            "live/prod/us/app/main.tf": code,
            "modules/vpc/main.tf": code,
        }
    )
    told = stage.run("init", "--remote", "origin")
    assert "live/{environment}/{stack*}" in told.result["proposal"]
    assert {row["path"] for row in told.rows("file")} >= {
        "runner.yaml",
        "environments/dev.yaml",
        "environments/prod.yaml",
    }
    stage.run("init", "--remote", "origin", "--yes")
    stage.change({}, "take over")
    targets = {row["target"] for row in stage.run("graph").rows("node")}
    assert targets == {"dev/eu/network", "prod/eu/network", "prod/us/app"}, "a module is no stack"
    assert set(stage.run("up", "prod", "--yes").outcomes) == {"prod/eu/network", "prod/us/app"}


def test_init_replaces_no_file(one: Stage) -> None:
    before = (one.clone.path / "runner.yaml").read_text()
    assert one.run("init", "--force", "--yes", code=2).codes == {"init-never-overwrites"}
    one.run("init", "--yes")
    assert (one.clone.path / "runner.yaml").read_text() == before


def test_init_writes_the_pipeline_of_the_forge_that_is_named(one: Stage) -> None:
    one.clone.write({"environments/eu.yaml": "branch: env/eu\n"})
    assert one.run("init", "--ci", "gitub", code=2).diagnostic("ci-unknown-forge")["hint"] == (
        "did you mean `github`?"
    )
    told = one.run("init", "--ci", "github", "--yes")
    written = one.clone.path / ".github/workflows/runner.yaml"
    assert 'branches: ["env/eu", "main"]' in written.read_text()
    assert any(str(written.relative_to(one.clone.path)) in each for each in told.result["next"])
    assert not one.run("init", "--ci", "github", "--yes").codes, "it is there, as it would be written"
    written.write_text("# mine\n")
    assert one.run("init", "--ci", "github", "--yes").codes == {"init-never-overwrites"}
    assert written.read_text() == "# mine\n"
    one.clone.write({"environments/eu.yaml": "branch: eu+us\n"})
    assert one.run("init", "--ci", "gitlab", "--yes", code=2).codes == {"branch-unspeakable"}
    assert not (one.clone.path / ".gitlab-ci.yml").exists()


def test_a_key_is_made_once_exported_and_taken_from_the_environment(
    one: Stage, colleague: Callable[[Stage], Stage]
) -> None:
    made = one.run("key", "new", "prod").result
    assert one.run("key", "new", "prod", code=2).codes
    exported = one.plain("key", "export", "prod", "--yes").stdout.strip()
    assert len(base64.b64decode(exported, validate=True)) == 32
    told = one.run("up", "prod", "--yes")
    assert "key-made" not in told.codes
    other = colleague(one)
    for file in sorted((other.clone.path / ".git/runner").glob("**/*"), reverse=True):
        if file.is_file():
            file.unlink()
    variables = {"GITOPS_RUNNER_KEY_PROD": exported}
    assert other.run("preview", "prod", env=variables).plans["prod/network"]["changed"] is False
    wrong = base64.b64encode(bytes(range(32))).decode()
    before = one.refs()
    told = other.run("up", "prod", "--yes", code=2, env={"GITOPS_RUNNER_KEY_PROD": wrong})
    assert made["key_id"] in str(told.diagnostics)
    after = one.refs()
    for kind in ("live", "state"):
        assert after[f"refs/runner/{kind}/prod"] == before[f"refs/runner/{kind}/prod"]


def test_a_first_up_that_is_refused_leaves_neither_a_ledger_nor_a_key_and_one_that_applies_binds_to_both(
    one: Stage,
) -> None:
    environment = (
        'allow: {secrets: ["env:WORD"]}\ntargets: {network: {inputs: {cidr: "${secret:env:WORD}"}}}\n'
    )
    code = NETWORK.replace("type = string", "type = string\n  sensitive = true").split("output")[0]
    code = code.replace("{ type = string\n  sensitive = true }", "{\n  type = string\n  sensitive = true\n}")
    one.change({"environments/prod.yaml": environment, "stacks/network/main.tf": code + "output {}\n"})
    one.run("up", "prod", "--yes", code=1, env={"WORD": "canary-word"})
    assert not {"refs/runner/live/prod", "refs/runner/state/prod"} & one.refs().keys()
    assert not (one.clone.path / ".git/runner/key").exists()
    assert one.run("locks", "prod").rows("lease") == []
    one.change({"stacks/network/main.tf": code})
    applied = one.run("up", "prod", "--yes", env={"WORD": "canary-word"})
    assert "key-made" in applied.codes
    seen = one.run("preview", "prod", env={"WORD": "canary-word"}).plans["prod/network"]["digests"]["inputs"]
    assert applied.plans["prod/network"]["digests"]["inputs"] == seen, (
        "the same secret has the same fingerprint"
    )


def test_a_rotated_key_seals_from_now_on_and_the_old_one_can_be_retired(
    one: Stage, colleague: Callable[[Stage], Stage]
) -> None:
    one.run("up", "prod", "--yes")
    old = one.plain("key", "export", "prod", "--yes").stdout.strip()
    rotated = one.run("key", "rotate", "prod", "--yes").result["key_id"]
    new = one.plain("key", "export", "prod", "--yes").stdout.strip()
    assert new != old
    assert one.run("up", "prod", "--yes").outcomes == {"prod/network": "unchanged"}, "the old stays readable"
    assert one.state("prod/network")["serial"] >= 1
    one.change({"stacks/network/main.tf": MORE})
    one.run("up", "prod", "--yes")
    other = colleague(one)
    (other.clone.path / ".git/runner/key").unlink(missing_ok=True)
    one.clone.git("checkout", "--quiet", "HEAD")
    with_new = other.run("preview", "prod", env={"GITOPS_RUNNER_KEY_PROD": new})
    assert with_new.plans["prod/network"]["changed"] is False
    told = other.run("preview", "prod", code=2, env={"GITOPS_RUNNER_KEY_PROD": old})
    assert rotated in str(told.diagnostics)
    assert one.run("key", "retire", "prod", "0123456789abcdef", "--yes", code=2).codes == {"key-unknown"}
    assert one.run("key", "retire", "prod", rotated, "--yes", code=2).codes


def test_doctor_says_what_is_well_and_what_is_not(one: Stage) -> None:
    one.run("up", "prod", "--yes")
    checks = {row["name"]: row for row in one.run("doctor").rows("check")}
    for name in ("git", "configuration", "record", "remote", "key of prod", "terraform"):
        assert checks[name]["ok"] is True, checks[name]
    assert checks["hidden refs"]["ok"] is None
    assert "can write entries" in checks["hidden refs"]["found"], "what a plain writer could do is said"
    assert checks["configuration"]["found"] == "1 environment, 1 target, 0 warnings"
    one.clone.git("remote", "set-url", "origin", str(one.clone.path / "nowhere"))
    silent = {row["name"]: row for row in one.run("doctor", code=6).rows("check")}
    for name in ("record", "remote"):
        assert (silent[name]["ok"], "\n" in silent[name]["found"]) == (False, False)
        assert "nowhere" in silent[name]["found"], "the line that names what is wrong"
    one.clone.git("remote", "set-url", "origin", str(one.clone.remote))
    before = one.refs()
    one.run("doctor")
    assert one.refs() == before, "what it tries, it only rehearses"
    told = one.run("doctor", code=5, env={"PATH": "/nowhere"})
    assert next(row for row in told.rows("check") if row["name"] == "git")["ok"] is False
    (one.clone.path / "runner.yaml").write_text("colour: red\n")
    one.clone.git("commit", "--quiet", "--all", "--message", "a mistake")
    one.run("doctor", code=2)


def test_every_code_that_is_told_can_be_explained(one: Stage) -> None:
    told = one.run("up", "nowhere", "--yes", code=2)
    for code in told.codes:
        assert one.run("explain", code).result["text"]
    codes = one.run("explain").result["codes"]
    assert {"lease-held", "ledger-rewritten", "state-overlooked"} <= set(codes)
    assert one.run("explain", "no-such-code", code=2).codes == {"unknown-code"}


def test_the_schema_describes_the_files(one: Stage) -> None:
    for kind in ("environment", "runner", "stack"):
        (row,) = one.run("schema", kind).rows("schema")
        assert row["kind"] == kind
        document = json.loads(one.plain("schema", kind).stdout)
        assert document == row["document"]
        assert document["additionalProperties"] is False
    assert set(json.loads(one.plain("schema").stdout)) == {"environment", "runner", "stack"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_verbs_and_targets(one: Stage, shell: str) -> None:
    assert "_RUNNER_COMPLETE" in one.plain("completion", shell).stdout
    if shell != "bash":
        return

    def completed(words: str, at: int) -> set[str]:
        variables = {"_RUNNER_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(at)}
        ran = one.program(cwd=one.clone.path, env=variables)
        return {line.partition(",")[2] for line in ran.stdout.splitlines()}

    assert completed("runner prev", 1) == {"preview"}
    assert "prod/network" in completed("runner up prod/", 2)
    assert "--allow-dirty" in completed("runner up --all", 2)
