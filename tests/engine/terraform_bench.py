"""The code of the conformance suite in HCL, with nothing but what is built into Terraform and OpenTofu."""

from __future__ import annotations

import os
from pathlib import Path

from runner.conformance.engine import CANARY, Code
from runner.engine import BackendChoice, Engine, Workspace
from runner.engine.child import granted_variables
from runner.engine.terraform_state import contents_of
from runner.kit.redaction import Redactor

_INPUT = """
variable "password" {
  type      = string
  sensitive = true
}
"""
_ONE = """
resource "terraform_data" "one" {
  input            = "VALUE"
  triggers_replace = TRIGGER
}
"""
_OUTPUTS = """
output "words" { value = ["a", "b"] }
output "count" { value = 3 }
output "secret" {
  value     = var.password
  sensitive = true
}
"""
_BROKEN = """
resource "terraform_data" "two" {
  input = terraform_data.one.id
  provisioner "local-exec" {
    command = "echo it is ${nonsensitive(var.password)} >&2; exit 3"
  }
}
"""
_SLOW = """
resource "terraform_data" "two" {
  input = terraform_data.one.id
  provisioner "local-exec" {
    interpreter = ["/bin/sh", "-c"]
    command     = "touch ${path.root}/../begun; exec sleep 600"
  }
}
resource "terraform_data" "three" {
  input = terraform_data.two.id
}
"""
_FIRST = _ONE.replace("VALUE", "first").replace("TRIGGER", "1")

CODES = {
    Code.EMPTY: _INPUT,
    Code.ONE: _INPUT + _FIRST + _OUTPUTS,
    Code.UPDATED: _INPUT + _ONE.replace("VALUE", "second").replace("TRIGGER", "1") + _OUTPUTS,
    Code.REPLACED: _INPUT + _ONE.replace("VALUE", "first").replace("TRIGGER", "2") + _OUTPUTS,
    Code.BROKEN: _INPUT + _FIRST + _BROKEN,
    Code.SLOW: _INPUT + _FIRST + _SLOW,
}


class TerraformBench:
    """See runner.conformance.engine.EngineBench."""

    shortest = 3.0

    def __init__(self, engine: Engine, place: Path) -> None:
        self._engine = engine
        self._place = place
        self._state = place / "tree" / "stack" / "terraform.tfstate"

    @property
    def engine(self) -> Engine:
        """See EngineBench."""
        return self._engine

    def work(self, code: Code, timeout: float | None = None) -> Workspace:
        """See EngineBench."""
        return self.work_on({"main.tf": CODES[code]}, timeout)

    def work_on(self, files: dict[str, str], timeout: float | None = None) -> Workspace:
        """A workspace with code of one's own."""
        directory, scratch = self._state.parent, self._place / "scratch"
        for place in (directory, scratch):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in files.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(text)
        redactor = Redactor()
        redactor.add(CANARY, "env:PASSWORD")
        declared = any('variable "password"' in text for text in files.values())
        return Workspace(
            root=self._place / "tree",
            directory=directory,
            scratch=scratch,
            environment=granted_variables(os.environ, None, {}, by_hand=False),
            redactor=redactor,
            backend=BackendChoice(file=self._state),
            inputs={"password": CANARY} if declared else {},
            secret_inputs=frozenset({"password"}) if declared else frozenset(),
            timeout=timeout,
        )

    def resources(self) -> frozenset[str]:
        """See EngineBench."""
        state = self._state.read_bytes() if self._state.is_file() else b""
        return frozenset(resource.address for resource in contents_of(state).resources)
