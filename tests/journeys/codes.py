"""Infrastructure code that journeys are made of: built-in `terraform_data`, so that nothing is fetched."""

from pathlib import Path

RUNNER = "ledger: {remote: origin}\n"

NETWORK = """\
variable "cidr" { type = string }
resource "terraform_data" "net" { input = var.cidr }
output "id" { value = terraform_data.net.id }
output "cidr" { value = var.cidr }
"""
"""One resource; `id` is unknown before its first apply, `cidr` is always known."""

APP = """\
variable "net" { type = string }
variable "cidr" { type = string }
resource "terraform_data" "app" { input = "${var.net} in ${var.cidr}" }
output "address" { value = terraform_data.app.output }
"""

THREE = {
    "runner.yaml": RUNNER,
    "environments/prod.yaml": """\
targets:
  network: {inputs: {cidr: 10.0.0.0/16}}
  app: {inputs: {net: "${network.id}", cidr: "${network.cidr}"}}
  database: {inputs: {net: "${network.id}", cidr: "${network.cidr}"}}
""",
    "stacks/network/main.tf": NETWORK,
    "stacks/app/main.tf": APP,
    "stacks/database/main.tf": APP,
}
"""`network`, and `app` and `database` that need its outputs."""

ONE = {
    "runner.yaml": RUNNER,
    "environments/prod.yaml": "targets: {network: {inputs: {cidr: 10.0.0.0/16}}}\n",
    "stacks/network/main.tf": NETWORK,
}


def thing(value: str, *, name: str = "thing", more: str = "") -> str:
    """One resource with an output `out`; another value is an update in place."""
    return (
        f'resource "terraform_data" "{name}" {{\n  input = "{value}"\n{more}}}\n'
        f'output "out" {{ value = "{value}" }}\n'
    )


def waiting_for(file: Path, begun: Path) -> str:
    """A provisioner that says it has begun, and ends when the test makes `file`: the test decides when."""
    words = f"touch {begun}; while [ ! -e {file} ]; do sleep 0.05; done"
    return f'  provisioner "local-exec" {{ command = "{words}" }}\n'
