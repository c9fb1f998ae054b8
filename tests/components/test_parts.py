"""The parts are what they say, and stay."""

import json
import os
import subprocess
from pathlib import Path

import boto3
import pytest

from tests.checkout import Checkout, new_clone
from tests.components.fixtures import MotoServer
from tests.components.shelf import Shelf
from tests.program import environment

_LOCAL = """
terraform {
  required_providers {
    local = { source = "hashicorp/local", version = "1.4.0" }
  }
}
resource "local_file" "made" {
  filename = "${path.module}/made"
  content  = "real"
}
"""


def planned(engine: Path, mirror: Path, stack: Path) -> str:
    """init and plan on nothing but the mirror."""
    (stack / "main.tf").write_text(_LOCAL)
    installation = f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
    (stack / "cli.tfrc").write_text(installation)
    said = ""
    for verb in ("init", "plan"):
        finished = subprocess.run(
            [str(engine), verb, "-input=false", "-no-color"],
            cwd=stack,
            env={**os.environ, "TF_CLI_CONFIG_FILE": str(stack / "cli.tfrc")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        said = finished.stdout
    return said


@pytest.mark.terraform
@pytest.mark.local_provider
def test_terraform_installs_from_the_mirror(
    terraform_binary: Path, local_provider: Path, tmp_path: Path
) -> None:
    assert "1 to add" in planned(terraform_binary, local_provider, tmp_path)


@pytest.mark.opentofu
@pytest.mark.local_provider
def test_opentofu_installs_from_the_mirror(tofu_binary: Path, local_provider: Path, tmp_path: Path) -> None:
    assert "1 to add" in planned(tofu_binary, local_provider, tmp_path)


@pytest.mark.opentofu
def test_opentofu_is_the_version_that_was_asked_for(tofu_binary: Path) -> None:
    said = subprocess.run(
        [tofu_binary, "version", "-json"], capture_output=True, text=True, check=True
    ).stdout
    assert json.loads(said)["terraform_version"].startswith("1.12.6")


@pytest.mark.aws
def test_the_mirror_has_each_provider_under_both_registries(provider_mirror: Path) -> None:
    programs = {
        path.relative_to(provider_mirror).parts[:4]
        for path in provider_mirror.rglob("terraform-provider-*")
        if path.is_file()
    }
    assert programs == {
        (host, "hashicorp", name, version)
        for host in ("registry.terraform.io", "registry.opentofu.org")
        for name, version in (("aws", "3.39.0"), ("local", "1.4.0"))
    }


@pytest.mark.embedded
def test_the_embedded_terraform_is_a_library(embedded_terraform: Path) -> None:
    assert embedded_terraform.stat().st_size > 10_000_000


@pytest.mark.moto
def test_the_moto_server_keeps_until_it_is_reset(
    moto_server: MotoServer, aws_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, setting in aws_environment.items():
        monkeypatch.setenv(name, setting)
    client = boto3.client("s3")
    client.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert "kept" in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
    moto_server.reset()
    assert not client.list_buckets()["Buckets"]
    client.close()


def test_a_part_is_there_only_when_it_was_marked(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    with shelf.locked(), shelf.bench() as bench:
        made = bench / "made"
        made.mkdir()
        shelf.place(made, tmp_path / "part")
        assert not shelf.holds("part")
        shelf.mark("part", "it runs")
    assert shelf.holds("part")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["complete", "lock", "part"]


def test_the_lock_keeps_another_maker_out(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    with shelf.locked():
        tried = subprocess.run(["flock", "--nonblock", tmp_path / "lock", "true"], check=False)
    assert tried.returncode == 1


def test_a_repository_has_a_remote_that_holds_what_was_pushed(
    repository: Checkout, git_remote: Path, tmp_path: Path
) -> None:
    commit = repository.commit({"stacks/network/main.tf": "# empty\n"}, "add network")
    repository.push()
    other = new_clone(git_remote, tmp_path / "other", person="Grace Example")
    assert other.git("rev-parse", "HEAD") == commit
    assert other.git("config", "user.email") == "grace.example@example.test"
    assert repository.git("status", "--porcelain", "--branch") == "## main...origin/main"


def test_the_program_sees_the_list_and_what_it_is_given() -> None:
    seen = environment({"GITOPS_RUNNER_KEY": "given"})
    assert seen["GITOPS_RUNNER_KEY"] == "given"
    assert not [name for name in seen if name.startswith("PYTEST_")]
