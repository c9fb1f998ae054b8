"""`affected` in real Git: ranges, merges, the work tree, shallow clones, and what `preview` and `up` take of it."""

import json
from pathlib import Path

import pytest

from tests.checkout import Checkout, git, new_clone
from tests.journeys.stage import Stage, Told
from tests.program import Program

MODULE = 'module "m" {\n  source = "../../modules/m"\n}\n'
BLOCK = 'resource "terraform_data" "x" {\n  input = "%s"\n}\n'
FILES = {
    "environments/prod.yaml": "targets:\n  web: {depends_on: [network]}\n",
    "stacks/network/main.tf": BLOCK % "net",
    "stacks/app/main.tf": MODULE,
    "stacks/web/main.tf": BLOCK % "web",
    "modules/m/main.tf": BLOCK % "m",
    "shared/x.json": "{}\n",
}


@pytest.fixture
def stage(repository: Checkout, run_runner: Program) -> Stage:
    """Three stacks in `prod`, pushed; no engine is needed."""
    made = Stage(clone=repository, program=run_runner)
    made.change(FILES, "begin")
    repository.git("remote", "set-head", "origin", "main")
    return made


def reasons(told: Told) -> dict[str, str]:
    return {row["target"]: row["reason"] for row in told.rows("affected")}


def branch(stage: Stage, name: str, start: str = "main") -> None:
    stage.clone.git("switch", "--quiet", "--create", name, start)


def merge(stage: Stage, name: str) -> None:
    stage.clone.git("merge", "--quiet", "--no-ff", "--no-edit", name)


def test_the_work_tree_counts_with_what_is_not_committed_and_not_tracked(stage: Stage) -> None:
    nothing = stage.run("affected")
    assert reasons(nothing) == {}
    head = stage.clone.git("rev-parse", "HEAD")
    assert (nothing.result["of"], nothing.result["head"], nothing.result["bases"]) == (3, head, [head])
    said = stage.plain("affected").stdout
    assert "0 affected of 3 targets" in said
    assert head[:12] in said
    stage.clone.write({".gitignore": "*.log\n", "modules/m/new.tf": "", "stacks/web/x.log": ""})
    found = stage.run("affected")
    assert reasons(found) == {"prod/app": "changed"}
    assert found.rows("affected")[0]["because"] == ["`modules/m/new.tf` added: module `m` of `stacks/app`"]


def test_dependents_are_told_and_stand_in_a_later_wave(stage: Stage) -> None:
    stage.clone.write({"stacks/network/main.tf": BLOCK % "other"})
    assert reasons(stage.run("affected")) == {"prod/network": "changed", "prod/web": "dependent"}
    matrix = json.loads(stage.plain("affected", "--matrix", "github").stdout)
    assert [each["target"] for each in matrix["wave1"]["include"]] == ["prod/network"]
    assert [each["target"] for each in matrix["wave2"]["include"]] == ["prod/web"]
    marked = {row["target"]: row["affected"] for row in stage.run("graph", "--changed").rows("node")}
    assert marked == {"prod/app": None, "prod/network": "changed", "prod/web": "dependent"}
    assert json.loads(stage.plain("affected", "--matrix", "gitlab").stdout)["stages"] == ["wave1", "wave2"]


def test_why_draws_the_way_from_a_file_to_the_targets_that_need_its_target(stage: Stage) -> None:
    stage.clone.write({"stacks/network/main.tf": MODULE, "modules/m/main.tf": BLOCK % "other"})
    (app,) = stage.run("why", "prod/app").rows("why")
    assert app["chains"] == [
        {"subject": "modules/m/main.tf", "what": "changed", "steps": ["module `m` of `stacks/app`"]}
    ]
    (network,) = stage.run("why", "prod/network").rows("why")
    assert network["dependents"] == ["prod/web"]
    (web,) = stage.run("why", "prod/web").rows("why")
    assert (web["reason"], web["needs"]) == ("dependent", ["prod/network"])
    assert "prod/app is not affected" in stage.plain("why", "prod/app", "HEAD..HEAD").stdout


def test_a_branch_is_compared_with_where_it_left_and_not_with_what_main_became(stage: Stage) -> None:
    branch(stage, "topic")
    stage.clone.commit({"stacks/web/main.tf": BLOCK % "topic"})
    stage.clone.git("switch", "--quiet", "main")
    stage.change({"modules/m/main.tf": BLOCK % "moved on"})
    assert reasons(stage.run("affected", "main..topic")) == {"prod/web": "changed"}
    assert reasons(stage.run("affected", "origin/main..topic")) == {"prod/web": "changed"}
    stage.clone.git("switch", "--quiet", "topic")
    assert reasons(stage.run("affected")) == {"prod/web": "changed"}


def test_one_commit_is_compared_with_its_first_parent_however_it_came(stage: Stage) -> None:
    branch(stage, "topic")
    change = stage.clone.commit({"modules/m/main.tf": BLOCK % "topic"})
    stage.clone.git("switch", "--quiet", "main")
    stage.clone.commit({"stacks/web/main.tf": BLOCK % "main"})
    merge(stage, "topic")
    assert reasons(stage.run("affected", "HEAD")) == {"prod/app": "changed"}
    assert reasons(stage.run("affected", change)) == {"prod/app": "changed"}
    assert reasons(stage.run("affected", "HEAD^1")) == {"prod/web": "changed"}
    stage.clone.git("revert", "--no-edit", "-m", "1", "HEAD")
    assert reasons(stage.run("affected", "HEAD")) == {"prod/app": "changed"}
    # The change and its revert together are no difference.
    assert reasons(stage.run("affected", "HEAD~2..HEAD")) == {}


def test_a_squashed_and_a_rebased_branch_touch_what_the_branch_touched(stage: Stage) -> None:
    branch(stage, "topic")
    stage.clone.commit({"modules/m/main.tf": BLOCK % "one"})
    stage.clone.commit({"shared/x.json": "[]\n"})
    stage.clone.git("switch", "--quiet", "main")
    stage.clone.commit({"stacks/web/main.tf": BLOCK % "main"})
    stage.clone.git("merge", "--quiet", "--squash", "topic")
    stage.clone.commit({}, "squashed")
    assert reasons(stage.run("affected", "HEAD")) == {"prod/app": "changed"}
    stage.clone.git("switch", "--quiet", "topic")
    stage.clone.git("rebase", "--quiet", "main~1")
    assert reasons(stage.run("affected", "main~1..topic")) == {"prod/app": "changed"}


def test_after_crosswise_merges_what_differs_from_any_merge_base_is_told(stage: Stage) -> None:
    branch(stage, "topic")
    stage.clone.commit({"stacks/web/main.tf": BLOCK % "topic"})
    stage.clone.git("switch", "--quiet", "main")
    stage.clone.commit({"modules/m/main.tf": BLOCK % "main"})
    ours, theirs = (stage.clone.git("rev-parse", name) for name in ("main", "topic"))
    stage.clone.git("merge", "--quiet", "--no-edit", theirs)
    stage.clone.git("switch", "--quiet", "topic")
    stage.clone.git("merge", "--quiet", "--no-edit", ours)
    stage.clone.commit({"modules/m/main.tf": FILES["modules/m/main.tf"]}, "back to how it was")
    # Against `theirs` alone nothing differs: a wrong empty answer.
    assert reasons(stage.run("affected", f"{theirs}..topic")) == {}
    found = stage.run("affected", "main..topic")
    assert reasons(found)["prod/app"] == "changed"
    assert "many-merge-bases" in found.codes
    assert sorted(found.result["bases"]) == sorted([ours, theirs])


def test_unrelated_histories_are_compared_as_they_are_and_said(stage: Stage) -> None:
    stage.clone.git("switch", "--quiet", "--orphan", "other")
    files = {**FILES, "stacks/web/main.tf": BLOCK % "other"}
    stage.clone.commit(files, "another beginning")
    found = stage.run("affected", "main..other")
    assert reasons(found) == {"prod/web": "changed"}
    assert "histories-unrelated" in found.codes


def test_a_shallow_clone_fetches_the_history_that_it_lacks(
    stage: Stage, git_remote: Path, tmp_path: Path, run_runner: Program
) -> None:
    branch(stage, "topic")
    for number in range(3):
        stage.clone.commit({"stacks/web/main.tf": BLOCK % number})
    stage.clone.push("topic")
    stage.clone.git("switch", "--quiet", "main")
    for number in range(3):
        stage.change({"modules/m/main.tf": BLOCK % number})
    shallow = tmp_path / "shallow"
    git("clone", "--quiet", "--depth=1", "--branch=topic", f"file://{git_remote}", str(shallow), cwd=tmp_path)
    there = Stage(clone=Checkout(shallow, git_remote), program=run_runner)
    assert reasons(there.run("affected", "origin/main..HEAD")) == {"prod/web": "changed"}


def test_a_shallow_clone_that_cannot_fetch_names_the_commit_that_is_missing(
    stage: Stage, git_remote: Path, tmp_path: Path, run_runner: Program
) -> None:
    parent = stage.clone.git("rev-parse", "HEAD")
    tip = stage.change({"stacks/web/main.tf": BLOCK % "more"})
    shallow = tmp_path / "shallow"
    git("clone", "--quiet", "--depth=1", f"file://{git_remote}", str(shallow), cwd=tmp_path)
    git("remote", "set-url", "origin", str(tmp_path / "gone"), cwd=shallow)
    there = Stage(clone=Checkout(shallow, git_remote), program=run_runner)
    told = there.run("affected", tip, code=2)
    problem = told.diagnostic("history-shallow")
    assert parent[:12] in problem["message"]
    assert "git fetch --unshallow" in problem["hint"]


def test_ends_births_and_renames_are_told_with_the_lines_to_write(stage: Stage) -> None:
    stage.clone.git("mv", "stacks/network", "stacks/net")
    stage.clone.write({"environments/prod.yaml": ""})
    found = stage.run("affected")
    assert reasons(found) == {"prod/net": "born", "prod/network": "orphan"}
    hint = {row["target"]: row.get("hint") for row in found.rows("affected")}["prod/network"]
    assert "`renamed_from: network` into stacks/net/stack.yaml" in str(hint)
    assert "removed: {network: destroy}" in str(hint)


def test_reads_and_inputs_reach_their_target_and_no_other(stage: Stage) -> None:
    stage.change({"stacks/web/stack.yaml": 'reads: ["../../shared/*.json"]\n'})
    stage.clone.write({"shared/x.json": "[]\n"})
    assert reasons(stage.run("affected")) == {"prod/web": "changed"}
    declared = 'variable "size" {\n  default = 1\n}\n'
    stage.change({"stacks/app/size.tf": declared, "stacks/web/size.tf": declared})
    stage.clone.write(
        {"environments/prod.yaml": "targets:\n  app: {inputs: {size: 2}}\n  web: {depends_on: [network]}\n"}
    )
    found = stage.run("affected")
    assert reasons(found) == {"prod/app": "changed"}
    assert "environments/prod.yaml:2:" in found.rows("affected")[0]["because"][0]


def test_where_the_older_configuration_cannot_be_believed_every_target_counts(stage: Stage) -> None:
    stage.change({"environments/prod.yaml": "targets: [\n"})
    stage.clone.write({"environments/prod.yaml": ""})
    found = stage.run("affected")
    assert set(reasons(found)) == {"prod/app", "prod/network", "prod/web"}
    assert "base-not-believed" in found.codes


def test_preview_and_up_take_what_a_change_touches(stage: Stage, terraform_binary: Path) -> None:
    stage.change({"runner.yaml": "ledger: {remote: origin}\n", "modules/m/main.tf": BLOCK % "pushed"})
    stage.clone.write({"stacks/network/main.tf": BLOCK % "dirty"})
    assert set(stage.run("preview", "prod", "--changed").plans) == {"prod/network", "prod/web"}
    stage.clone.git("checkout", "--quiet", ".")
    up = stage.run("up", "prod", "--changed", "HEAD~1..HEAD", "--yes")
    assert up.outcomes == {"prod/app": "succeeded"}
    assert "changed-targets" in up.codes


def test_a_word_that_is_no_commit_is_named(stage: Stage) -> None:
    assert "no-such-commit" in stage.run("affected", "main..nowhere", code=2).codes


def test_a_clone_of_one_branch_asks_for_the_default_branch(
    stage: Stage, git_remote: Path, tmp_path: Path, run_runner: Program
) -> None:
    branch(stage, "topic")
    stage.clone.commit({"stacks/web/main.tf": BLOCK % "topic"})
    stage.clone.push("topic")
    clone = new_clone(git_remote, tmp_path / "whole")
    clone.git("checkout", "--quiet", "topic")
    clone.git("update-ref", "-d", "refs/remotes/origin/main")
    clone.git("branch", "--quiet", "-D", "main")
    there = Stage(clone=clone, program=run_runner)
    assert reasons(there.run("affected")) == {"prod/web": "changed"}
