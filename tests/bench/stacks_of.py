"""Repositories of many small stacks, as people have them: a few resources, inputs, outputs, settings of the place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

RUNNER_YAML = "ledger: {remote: origin}\n"

_VERSIONS = 'terraform {\n  required_version = ">= 1.5"\n}\n'
_VARIABLES = """\
variable "region" {
  type    = string
  default = "eu-west-1"
}

variable "name" {
  type    = string
  default = "%(name)s"
}

variable "sizes" {
  type    = map(number)
  default = { small = 1, medium = 2, large = 4 }
}
"""
_MAIN = """\
locals {
  tags = { name = var.name, region = var.region, team = "platform" }
}

resource "terraform_data" "network" {
  input = merge(local.tags, { cidr = cidrsubnet("10.0.0.0/8", 8, %(number)d) })
}

resource "terraform_data" "node" {
  for_each         = var.sizes
  input            = { name = "${var.name}-${each.key}", size = each.value, network = terraform_data.network.id }
  triggers_replace = [var.region]
}

resource "terraform_data" "entry" {
  input = { nodes = [for node in terraform_data.node : node.id], tags = local.tags }
}
"""
_OUTPUTS = """\
output "network_id" { value = terraform_data.network.id }
output "node_ids" { value = { for name, node in terraform_data.node : name => node.id } }
output "name" { value = var.name }
"""
_USES_MODULE = """\

module "labels" {
  source = "../../modules/labels"
  name   = var.name
}

output "labels" { value = module.labels.all }
"""
_MODULE = """\
variable "name" { type = string }
resource "terraform_data" "label" { input = upper(var.name) }
output "all" { value = { name = terraform_data.label.output } }
"""


def small_stacks(count: int, *, module: bool = False) -> dict[str, str]:
    """`stacks/s00` and so on, five resources each, in one environment `prod`; `module`: each loads a local one."""
    files = {"runner.yaml": RUNNER_YAML, "environments/prod.yaml": "inputs: {region: eu-central-1}\n"}
    for number in range(count):
        files |= _stack(f"s{number:02d}", number, _USES_MODULE if module else "")
    return files | ({"modules/labels/main.tf": _MODULE} if module else {})


def _stack(name: str, number: int, more: str) -> Mapping[str, str]:
    top = f"stacks/{name}"
    return {
        f"{top}/versions.tf": _VERSIONS,
        f"{top}/variables.tf": _VARIABLES % {"name": name},
        f"{top}/main.tf": _MAIN.replace("%(number)d", str(number)) + more,
        f"{top}/outputs.tf": _OUTPUTS,
    }


def slow_stacks(count: int, seconds: float) -> dict[str, str]:
    """Stacks with one resource each, whose apply takes `seconds`."""
    files = {"runner.yaml": RUNNER_YAML, "environments/prod.yaml": "{}\n"}
    code = (
        'resource "terraform_data" "thing" {\n  input = "%s"\n'
        f'  provisioner "local-exec" {{ command = "sleep {seconds}" }}\n}}\n'
        'output "id" {{ value = terraform_data.thing.id }}\n'.replace("{{", "{").replace("}}", "}")
    )
    return files | {f"stacks/s{number:02d}/main.tf": code % f"s{number:02d}" for number in range(count)}


def tiny_stacks(count: int) -> dict[str, str]:
    """Many stacks of one resource, for benches in which no engine runs."""
    files = {"runner.yaml": RUNNER_YAML, "environments/prod.yaml": "{}\n"}
    return files | {
        f"stacks/s{number:04d}/main.tf": f'resource "terraform_data" "thing" {{ input = {number} }}\n'
        for number in range(count)
    }


def with_provider(count: int, mirror: Path, version: str) -> dict[str, str]:
    """Stacks as of `small_stacks`, with a file of the provider `hashicorp/local` in each."""
    settings = f"{RUNNER_YAML}engines:\n  terraform: {{providers: {{mirror: {mirror}, direct: []}}}}\n"
    needs = f'local = {{ source = "hashicorp/local", version = "{version}" }}'
    code = f"""
terraform {{
  required_providers {{
    {needs}
  }}
}}

resource "local_file" "told" {{
  filename = "told.json"
  content  = jsonencode(local.tags)
}}
"""
    files = small_stacks(count) | {"runner.yaml": settings}
    return {path: text + code if path.endswith("/main.tf") else text for path, text in files.items()}
