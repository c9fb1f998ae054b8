"""Programs of Pulumi that journeys are made of: nothing is fetched for them. YAML has `Stash`, which is built in, and
Python has providers of its own."""

import os
from pathlib import Path

from tests.checkout import Checkout
from tests.journeys.codes import RUNNER
from tests.journeys.stage import Files, Stage
from tests.program import Program

SECRET = "correct-horse-battery-staple"

NETWORK = """\
variable "cidr" { type = string }
variable "region" { type = string }
resource "terraform_data" "net" { input = var.cidr }
output "subnet_id" { value = "subnet-${terraform_data.net.id}" }
output "cidr" { value = var.cidr }
"""

APP = """\
name: app
runtime: yaml
config:
  subnet: {type: string}
  cidr: {type: string}
  region: {type: string}
  password: {type: string, secret: true}
resources:
  kept:
    type: pulumi:index:Stash
    properties: {input: "${cidr}"}
outputs:
  where: "${region}/${subnet}"
  kept: "${kept.input}"
  password: "${password}"
"""
"""Reads outputs of Terraform's `network`, plain configuration of its environment, and a secret."""

WEB = """\
variable "app" { type = string }
variable "password" {
  type      = string
  sensitive = true
}
resource "terraform_data" "web" { input = var.app }
output "web" { value = terraform_data.web.output }
"""
"""Reads an output of Pulumi's `app`, and its secret one."""

ENVIRONMENT = """\
allow: {secrets: ["env:DB_*"]}
inputs: {region: eu-west-1}
targets:
  network: {inputs: {cidr: 10.0.0.0/16}}
  app:
    inputs: {subnet: "${network.subnet_id}", cidr: "${network.cidr}", password: "${secret:env:DB_PASSWORD}"}
  web: {inputs: {app: "${app.where}", password: "${app.password}"}}
"""

MIXED: Files = {
    "runner.yaml": RUNNER,
    "environments/dev.yaml": ENVIRONMENT,
    "stacks/network/main.tf": NETWORK,
    "stacks/app/Pulumi.yaml": APP,
    "stacks/web/main.tf": WEB,
}
"""Terraform's `network` feeds Pulumi's `app`, which feeds Terraform's `web`."""


def one_program(text: str, environment: str = "{}\n", stack: str = "app") -> dict[str, str | bytes | None]:
    """A repository whose one stack is the YAML program `text`, in `dev`."""
    return {
        "runner.yaml": RUNNER,
        "environments/dev.yaml": environment,
        f"stacks/{stack}/Pulumi.yaml": text,
    }


def stash(value: str, *, name: str = "app", more: str = "") -> str:
    """A program of one resource, `kept`; another value is an update."""
    return f"""\
name: {name}
runtime: yaml
resources:
  kept:
    type: pulumi:index:Stash
    properties: {{input: "{value}"}}
{more}outputs:
  kept: "${{kept.input}}"
"""


def pulumi_stage(repository: Checkout, program: Program, pulumi: Path, files: Files) -> Stage:
    """A stage on which Pulumi's CLI is found, with `files` committed and pushed."""
    path = os.pathsep.join([os.environ["PATH"], str(pulumi.parent)])
    stage = Stage(clone=repository, program=program, environment={"PATH": path, "DB_PASSWORD": SECRET})
    stage.change(files, "begin")
    repository.git("remote", "set-head", "origin", "main")
    return stage
