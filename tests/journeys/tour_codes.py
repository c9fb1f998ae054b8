"""What every verb is toured on, in each engine's code: `network` with an `id` and a `cidr`, and `app` that needs it."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from tests.journeys.codes import NETWORK, waiting_for
from tests.journeys.pulumi_codes import PROVIDER, PYTHON
from tests.journeys.stage import Files

APP = """\
variable "net" { type = string }
resource "terraform_data" "app" { input = var.net }
output "net" { value = terraform_data.app.output }
"""
PROGRAMS = {
    "network": """\
name: network
runtime: yaml
config: {cidr: {type: string}}
resources:
  net:
    type: pulumi:index:Stash
    properties: {input: "${cidr}"}
outputs: {id: "${net.id}", cidr: "${net.input}"}
""",
    "app": """\
name: app
runtime: yaml
config: {net: {type: string}}
resources:
  app:
    type: pulumi:index:Stash
    properties: {input: "${net}"}
outputs: {net: "${app.input}"}
""",
}


class Codes(Protocol):
    """The code of one brand of engine, and its words for it."""

    @property
    def files(self) -> Files:
        """Both stacks."""

    def address(self, name: str) -> str:
        """Of the resource `net` or `app`, or of `first` and `last` of the slow code."""

    def created(self, name: str) -> str:
        """What the engine itself says of its creation."""

    def emptied(self, state: dict[str, Any]) -> dict[str, Any]:
        """The same state without resources, and newer."""

    def slow(self, begun: Path, ends: Path) -> Files:
        """`network`, whose `first` is made at once, and whose `last` says that it has begun and waits for a file."""


class TerraformCodes:
    """Terraform's and OpenTofu's."""

    @property
    def files(self) -> Files:
        """See Codes."""
        return {"stacks/network/main.tf": NETWORK, "stacks/app/main.tf": APP}

    def address(self, name: str) -> str:
        """See Codes."""
        return f"terraform_data.{name}"

    def created(self, name: str) -> str:
        """See Codes."""
        return f"terraform_data.{name} will be created"

    def emptied(self, state: dict[str, Any]) -> dict[str, Any]:
        """See Codes."""
        return {**state, "resources": [], "serial": state["serial"] + 1}

    def slow(self, begun: Path, ends: Path) -> Files:
        """See Codes. It is alone in the end: a state that is written for another's sake while a provisioner runs has
        its resource already."""
        code = f"""\
resource "terraform_data" "first" {{}}
resource "terraform_data" "last" {{
  input = [terraform_data.first.id, terraform_data.net.id]
{waiting_for(ends, begun)}}}
"""
        return {"stacks/network/main.tf": NETWORK + code}


class PulumiCodes:
    """Programs: in YAML, and the slow one in Python."""

    @property
    def files(self) -> Files:
        """See Codes."""
        return {f"stacks/{name}/Pulumi.yaml": program for name, program in PROGRAMS.items()}

    def address(self, name: str) -> str:
        """See Codes."""
        project = "app" if name == "app" else "network"
        kind = "pulumi:index:Stash" if name in ("net", "app") else "pulumi-python:dynamic:Resource"
        return f"urn:pulumi:prod::{project}::{kind}::{name}"

    def created(self, name: str) -> str:
        """See Codes."""
        return f"[urn={self.address(name)}]"

    def emptied(self, state: dict[str, Any]) -> dict[str, Any]:
        """See Codes."""
        latest = dict(state["checkpoint"]["latest"])
        later = datetime.fromisoformat(latest["manifest"]["time"]) + timedelta(seconds=1)
        latest["manifest"] = {**latest["manifest"], "time": later.isoformat().replace("+00:00", "Z")}
        latest["resources"] = []
        return {**state, "checkpoint": {**state["checkpoint"], "latest": latest}}

    def slow(self, begun: Path, ends: Path) -> Files:
        """See Codes."""
        code = f"""\
first = File("first", value="1")
last = File("last", value="1", after=first.id, gate={json.dumps(str(begun.parent))})
pulumi.export("id", last.id)
pulumi.export("cidr", CONFIG.require("cidr"))
"""
        provider = PROVIDER.replace('CONFIG.require("cloud")', json.dumps(str(begun.parent)))
        provider = provider.replace('"reached"', json.dumps(begun.name)).replace(
            '"open"', json.dumps(ends.name)
        )
        return {
            "stacks/network/Pulumi.yaml": PYTHON.replace("name: app", "name: network").replace(
                "config:\n  cloud: {type: string}\n", ""
            ),
            "stacks/network/__main__.py": provider + code,
        }
