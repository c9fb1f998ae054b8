"""Programs of Pulumi that journeys are made of: nothing is fetched for them. YAML has `Stash`, which is built in, and
Python has providers of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.checkout import Checkout
from tests.journeys.codes import RUNNER
from tests.journeys.stage import Files, Stage
from tests.program import Program, environment

PASSPHRASE = {"PULUMI_CONFIG_PASSPHRASE": "their own passphrase"}
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


PYTHON = """\
name: app
runtime:
  name: python
  options: {virtualenv: PREFIX}
config:
  cloud: {type: string}
""".replace("PREFIX", json.dumps(sys.prefix))
"""Its packages are those of the tests' own interpreter: nothing is installed."""

PROVIDER = '''\
import time
from pathlib import Path

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

CONFIG = pulumi.Config()
PLACE = CONFIG.require("cloud")


class Files(ResourceProvider):
    """Each resource is a file; another `name` is another file, another `value` other content."""

    def create(self, props):
        if props.get("fails"):
            raise Exception("no more of " + props["name"])
        if gate := props.get("gate"):
            Path(gate, "reached").touch()
            while not Path(gate, "open").exists():
                time.sleep(0.05)
        Path(props["place"], props["name"]).write_text(props["value"])
        return CreateResult(id_=props["name"], outs=dict(props))

    def diff(self, id, olds, news):
        changed = [name for name in ("name", "value") if olds.get(name) != news.get(name)]
        return DiffResult(
            changes=bool(changed), replaces=[name for name in changed if name == "name"], delete_before_replace=True
        )

    def update(self, id, olds, news):
        Path(news["place"], news["name"]).write_text(news["value"])
        return UpdateResult(outs=dict(news))

    def delete(self, id, props):
        Path(props["place"], props["name"]).unlink()


class Simple(ResourceProvider):
    """Says nothing of what differs: what it pickles to is compared."""

    def create(self, props):
        return CreateResult(id_="simple", outs=dict(props))


class File(Resource):
    def __init__(self, called, name="", value="", after=None, opts=None, **more):
        given = {"name": name or called, "value": value, "after": after, "place": PLACE, **more}
        super().__init__(Files(), called, given, opts)


class Thing(Resource):
    def __init__(self, called, **props):
        super().__init__(Simple(), called, props)


'''


def python_program(code: str, cloud: Path, settings: str = "") -> dict[str, str | bytes | None]:
    """A repository whose one stack is the Python program `code`, of which each `File` is a file in `cloud`; `settings`
    are more of its environment."""
    cloud.mkdir(exist_ok=True)
    return {
        "runner.yaml": RUNNER,
        "environments/dev.yaml": f"{settings}targets: {{app: {{inputs: {{cloud: {json.dumps(str(cloud))}}}}}}}\n",
        "stacks/app/Pulumi.yaml": PYTHON,
        "stacks/app/__main__.py": PROVIDER + code,
    }


def main(code: str) -> dict[str, str | bytes | None]:
    """The change of a Python program to `code`."""
    return {"stacks/app/__main__.py": PROVIDER + code}


def urn(name: str, kind: str = "pulumi-python:dynamic:Resource") -> str:
    """The address of a resource of `app` in `dev`."""
    return f"urn:pulumi:dev::app::{kind}::{name}"


def pulumi_stage(repository: Checkout, program: Program, pulumi: Path, files: Files) -> Stage:
    """A stage on which Pulumi's CLI is found, with `files` committed and pushed."""
    path = os.pathsep.join([os.environ["PATH"], str(pulumi.parent)])
    stage = Stage(clone=repository, program=program, environment={"PATH": path, "DB_PASSWORD": SECRET})
    stage.change(files, "begin")
    repository.git("remote", "set-head", "origin", "main")
    return stage


def stack_made(stage: Stage, pulumi: Path) -> None:
    """What a person does once, where they are logged in to a backend of their own."""
    subprocess.run(
        [pulumi, "stack", "init", "dev", "--no-select"],
        cwd=stage.clone.path / "stacks/app",
        env=environment({**stage.environment, **PASSPHRASE, "PULUMI_SKIP_UPDATE_CHECK": "1"}),
        check=True,
        capture_output=True,
    )
