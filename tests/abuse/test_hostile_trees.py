"""What the files of a repository try: nothing outside of it is read or run, and what is too much is named."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import Checkout
from tests.program import Program, Ran

pytestmark = pytest.mark.usefixtures("terraform_binary")

BUILT_IN = """
variable "size" {
  default = "from the code"
}
resource "terraform_data" "it" {
  input = var.size
}
output "size" {
  value = terraform_data.it.output
}
"""
EVIL = """
terraform {
  required_providers {
    evil = {
      source = "acme/evil"
    }
  }
}
resource "evil_thing" "it" {
}
"""
BEGINNING = {
    "runner.yaml": "ledger: {remote: origin}\n",
    "environments/prod.yaml": "",
    "stacks/app/main.tf": BUILT_IN,
}


def _published(repository: Checkout, files: Mapping[str, str | bytes | None]) -> None:
    repository.commit({**BEGINNING, **files})
    repository.push()
    repository.git("fetch", "--quiet", "origin")


def _up(run_runner: Program, repository: Checkout, env: Mapping[str, str] | None = None) -> Ran:
    ran = run_runner("up", "prod", "--yes", "--json", cwd=repository.path, env=env)
    assert "Traceback" not in ran.stdout + ran.stderr
    return ran


def _size(run_runner: Program, repository: Checkout) -> object:
    pulled = run_runner("state", "pull", "prod/app", cwd=repository.path)
    return json.loads(pulled.stdout)["outputs"]["size"]["value"]


def _recorded(repository: Checkout) -> list[str]:
    """The targets that the ledger at the remote has an entry of."""
    if not repository.git("ls-remote", "origin", "refs/runner/live/prod"):
        return []
    repository.git("fetch", "--quiet", "origin", "+refs/runner/live/prod:refs/check")
    return repository.git("ls-tree", "--name-only", "refs/check", "targets/").splitlines()


@pytest.mark.parametrize("kind", ["file", "directory", "chain"])
def test_links_out_of_the_repository_are_not_followed(
    repository: Checkout, run_runner: Program, tmp_path: Path, kind: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("canary-outside")
    stack = repository.path / "stacks" / "app"
    stack.mkdir(parents=True)
    match kind:
        case "file":
            (stack / "notes").mkdir()
            (stack / "notes" / "secret.txt").symlink_to(outside / "secret.txt")
        case "directory":
            (stack / "notes").symlink_to(outside)
        case _:
            (stack / "middle").symlink_to("../../../outside")
            (stack / "notes").symlink_to("middle")
    code = BUILT_IN.replace("input = var.size", 'input = file("${path.module}/notes/secret.txt")')
    _published(repository, {"stacks/app/main.tf": code})
    ran = _up(run_runner, repository)
    assert ran.code == 2, ran
    assert "canary-outside" not in ran.stdout + ran.stderr
    assert _recorded(repository) == []


@pytest.mark.parametrize("path", ["../../../../outside.txt", "~/outside.txt"])
def test_a_path_that_leaves_the_repository_leads_nowhere(
    repository: Checkout, run_runner: Program, tmp_path: Path, home: Path, path: str
) -> None:
    for place in (tmp_path, home):
        (place / "outside.txt").write_text("canary-outside")
    _published(
        repository,
        {"stacks/app/main.tf": BUILT_IN.replace("input = var.size", f'input = file("{path}")')},
    )
    ran = _up(run_runner, repository)
    assert ran.code == 1, ran
    assert "canary-outside" not in ran.stdout + ran.stderr
    assert "path-outside-repository" in _warned(ran)


def test_an_absolute_path_is_said_wherever_it_is_planned(
    repository: Checkout, run_runner: Program, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("read all the same")
    _published(
        repository,
        {"stacks/app/main.tf": BUILT_IN.replace("input = var.size", f'input = file("{outside}")')},
    )
    for verb in (("preview", "prod"), ("up", "prod", "--yes")):
        ran = run_runner(*verb, "--json", cwd=repository.path)
        assert ran.code == 0, ran
        assert "path-outside-repository" in _warned(ran)


def _warned(ran: Ran) -> set[str]:
    """The codes of what was noted of targets."""
    noted: list[Any] = [each["diagnostic"] for each in ran.objects if each["type"] == "noted"]
    return {each["code"] for each in noted}


def test_plugins_that_lie_in_the_repository_are_not_run(
    repository: Checkout, run_runner: Program, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    name = "terraform-provider-evil_v9.9.9"
    below = "registry.terraform.io/acme/evil/9.9.9/linux_amd64"
    places = [
        f"stacks/app/{top}/{below}/{name}"
        for top in ("terraform.d/plugins", ".terraform/providers", ".terraform/plugins")
    ]
    repository.write(dict.fromkeys(places, f"#!/bin/sh\ntouch {marker}\n"))
    for place in places:
        (repository.path / place).chmod(0o755)
    _published(
        repository,
        {
            "runner.yaml": "ledger: {remote: origin}\nengines: {terraform: {providers: {direct: []}}}\n",
            "stacks/app/main.tf": EVIL,
        },
    )
    ran = _up(run_runner, repository)
    assert ran.code == 1, ran
    assert not marker.exists()


@pytest.mark.parametrize("name", ["zz_override.tf", "override.tf", "zz_override.tf.json"])
def test_an_override_does_not_move_the_state(
    repository: Checkout, run_runner: Program, tmp_path: Path, name: str
) -> None:
    moved = tmp_path / "moved.tfstate"
    code = f'terraform {{\n  backend "local" {{\n    path = "{moved}"\n  }}\n}}\n'
    if name.endswith(".json"):
        code = json.dumps({"terraform": {"backend": {"local": {"path": str(moved)}}}})
    _published(repository, {"environments/prod.yaml": "state: git\n", f"stacks/app/{name}": code})
    ran = _up(run_runner, repository)
    assert ran.code in (1, 2), ran
    assert not moved.exists()
    assert _recorded(repository) == []


def test_values_files_of_the_code_do_not_beat_the_environments_inputs(
    repository: Checkout, run_runner: Program
) -> None:
    _published(
        repository,
        {
            "environments/prod.yaml": "inputs: {size: from the environment}\n",
            "stacks/app/zz.auto.tfvars": 'size = "from zz"\n',
            "stacks/app/zzz.auto.tfvars.json": '{"size": "from zzz"}',
            "stacks/app/terraform.tfvars": 'size = "from tfvars"\n',
        },
    )
    env = {
        "TF_VAR_size": "from TF_VAR",
        "TF_CLI_ARGS": "-var size=args",
        "TF_CLI_ARGS_plan": "-var size=args",
        "TF_WORKSPACE": "elsewhere",
        "TF_DATA_DIR": "/nowhere",
    }
    ran = _up(run_runner, repository, env)
    assert ran.code == 0, ran
    assert _size(run_runner, repository) == "from the environment"


def test_a_committed_terraform_directory_chooses_nothing(
    repository: Checkout, run_runner: Program, tmp_path: Path
) -> None:
    moved = tmp_path / "moved.tfstate"
    backend = {"version": 3, "backend": {"type": "local", "config": {"path": str(moved)}, "hash": 1}}
    module = {"Modules": [{"Key": "", "Source": "", "Dir": "../../../../.."}]}
    _published(
        repository,
        {
            "stacks/app/.terraform/environment": "elsewhere",
            "stacks/app/.terraform/terraform.tfstate": json.dumps(backend),
            "stacks/app/.terraform/modules/modules.json": json.dumps(module),
        },
    )
    ran = _up(run_runner, repository)
    assert ran.code == 0, ran
    assert not moved.exists()
    assert _size(run_runner, repository) == "from the code"


def test_nothing_that_git_would_run_by_itself_is_run(
    repository: Checkout, run_runner: Program, tmp_path: Path
) -> None:
    _published(
        repository,
        {
            ".gitattributes": "* filter=evil diff=evil merge=evil\n",
            "stacks/app/.gitattributes": "* filter=evil\n",
        },
    )
    marks = tmp_path / "marks"
    marks.mkdir()

    def marking(name: str) -> str:
        script = tmp_path / f"{name}.sh"
        script.write_text(f"#!/bin/sh\ntouch {marks / name}\ncat\n")
        script.chmod(stat.S_IRWXU)
        return str(script)

    for key in (
        *(
            "core.fsmonitor",
            "filter.evil.smudge",
        ),  # what cleans is asked: else each file of LFS would look changed
        *("diff.evil.textconv", "diff.evil.command", "diff.external", "merge.evil.driver"),
        *(
            "core.pager",
            "core.editor",
            "core.askPass",
            "credential.helper",
            "gpg.program",
            "core.alternateRefsCommand",
        ),
    ):
        repository.git("config", key, marking(key))
    hooks = repository.path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in (
        *("post-checkout", "pre-commit", "commit-msg", "post-commit", "pre-push", "post-index-change"),
        *("reference-transaction", "prepare-commit-msg", "fsmonitor-watchman", "post-merge", "pre-auto-gc"),
    ):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {marks / name}\n")
        (hooks / name).chmod(0o755)
    os.utime(repository.path / "stacks/app/main.tf", (1, 1))  # so that status has to look into it
    ran = _up(run_runner, repository)
    for words in (("status",), ("log", "prod"), ("preview", "prod"), ("show", "prod/app")):
        assert run_runner(*words, cwd=repository.path).code == 0
    assert ran.code == 0, ran
    assert sorted(each.name for each in marks.iterdir()) == []
