"""The real hashicorp/local provider: files on disk are the cloud, and what happens to them behind our back is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checkout import Checkout, new_clone
from tests.clouds.aws_repository import outcomes, published, runner_file
from tests.program import Program

pytestmark = pytest.mark.usefixtures("terraform_binary")

FILE = """
terraform {
  required_providers {
    local = {
      source = "hashicorp/local"
    }
  }
}
variable "path" {
  type = string
}
resource "local_file" "note" {
  filename = var.path
  content  = "as written\\n"
}
"""


def test_files_appear_and_come_back_after_somebody_changed_or_removed_them(
    repository: Checkout, run_runner: Program, local_provider: Path, tmp_path: Path
) -> None:
    notes = [tmp_path / "changed.txt", tmp_path / "removed.txt"]
    published(
        repository,
        {
            "runner.yaml": runner_file(local_provider),
            "environments/prod.yaml": "",
            **{
                f"stacks/{note.stem}/main.tf": FILE.replace("type = string", f'default = "{note}"')
                for note in notes
            },
        },
    )
    ran = run_runner("up", "prod", "--yes", "--json", cwd=repository.path)
    done = {"prod/changed": "succeeded", "prod/removed": "succeeded"}
    assert (ran.code, outcomes(ran.objects)) == (0, done), ran
    notes[0].write_text("by somebody else\n")
    notes[1].unlink()
    assert run_runner("preview", "prod", "--exit-code", cwd=repository.path).code == 10
    ran = run_runner("up", "prod", "--yes", "--json", cwd=repository.path)
    assert (ran.code, outcomes(ran.objects)) == (0, done), ran
    assert [note.read_text() for note in notes] == ["as written\n"] * 2
    assert run_runner("destroy", "prod", "--yes", cwd=repository.path).code == 0
    assert not any(note.exists() for note in notes)


def test_two_runs_at_once_share_a_cache_that_is_still_cold(
    repository: Checkout, run_runner: Program, local_provider: Path, tmp_path: Path, home: Path
) -> None:
    published(
        repository,
        {
            "runner.yaml": runner_file(local_provider),
            "environments/one.yaml": f"inputs: {{path: {tmp_path / 'one.txt'}}}\n",
            "environments/two.yaml": f"inputs: {{path: {tmp_path / 'two.txt'}}}\n",
            "stacks/note/main.tf": FILE,
        },
    )
    other = new_clone(repository.remote, tmp_path / "other", person="Grace Example")
    cache = home / ".cache" / "gitops-runner" / "plugins"
    assert not cache.exists()
    runs = [
        run_runner.start("up", name, "--yes", cwd=clone.path)
        for name, clone in (("one", repository), ("two", other))
    ]
    for run in runs:
        said = run.communicate(timeout=120)
        assert run.returncode == 0, said
    assert [(tmp_path / f"{name}.txt").exists() for name in ("one", "two")] == [True, True]
    found = cache.glob("registry.terraform.io/hashicorp/local/*/*/terraform-provider-local*")
    assert list(found), "the provider is in the shared cache"


def test_what_a_provider_made_is_removed_by_it_when_no_code_names_it_any_more(
    repository: Checkout, run_runner: Program, local_provider: Path, tmp_path: Path
) -> None:
    note, code = tmp_path / "note.txt", "stacks/note/main.tf"
    files = {"runner.yaml": runner_file(local_provider), "environments/prod.yaml": ""}
    published(repository, {**files, code: FILE.replace("type = string", f'default = "{note}"')})
    assert run_runner("up", "prod", "--yes", cwd=repository.path).code == 0
    assert note.exists()
    repository.commit({code: 'resource "terraform_data" "other" {}\n'}, "without the note")
    repository.push()
    ran = run_runner("up", "prod", "--yes", "--json", cwd=repository.path)
    assert (ran.code, outcomes(ran.objects)) == (0, {"prod/note": "succeeded"}), ran
    assert not note.exists()


def test_a_relative_mirror_lies_in_the_checkout_wherever_the_command_is_run(
    repository: Checkout, run_runner: Program, local_provider: Path, tmp_path: Path
) -> None:
    note = tmp_path / "note.txt"
    files = {
        "runner.yaml": runner_file(Path("mirrors/providers")),
        "environments/prod.yaml": "",
        "stacks/note/main.tf": FILE.replace("type = string", f'default = "{note}"'),
        ".gitignore": "/mirrors\n",
    }
    published(repository, files)
    below = repository.path / "stacks/note"
    ran = run_runner("up", "prod", "--yes", cwd=below)
    assert ran.code == 2, ran
    assert "`mirrors/providers` is no directory" in ran.stdout
    assert "runner.yaml:2:43" in ran.stdout + ran.stderr
    (repository.path / "mirrors").mkdir()
    (repository.path / "mirrors/providers").symlink_to(local_provider)
    ran = run_runner("up", "prod", "--yes", cwd=below)
    assert ran.code == 0, ran
    assert note.exists()
