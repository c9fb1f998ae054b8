"""A canary goes through variables, outputs, errors and crashes: it is in the engine's hands, and nowhere else."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.abuse.traces import ArgumentLists, in_files, in_objects, traces
from tests.checkout import Checkout
from tests.program import Program, Ran

pytestmark = pytest.mark.usefixtures("terraform_binary")

CANARY = 'Zq7/+ "c4nary" & <k3y>=%s\\x9f'
LINES = "-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG9w0\nQzQ6b1c0bm1pZGRsZWxpbmU5\n-----END KEY-----\n"
MIDDLE = "Qq7canarymiddleline0815zz"

DATABASE = """
variable "password" {
  type      = string
  sensitive = true
}
variable "pem" {
  type      = string
  sensitive = true
}
resource "terraform_data" "kept" {
  input = [var.password, var.pem]
}
output "password" {
  value     = var.password
  sensitive = true
}
output "encoded" {
  value = nonsensitive(base64encode("user:${var.password}"))
}
"""

TALKATIVE = """
variable "given" {
  type      = string
  sensitive = true
}
locals {
  it = nonsensitive(var.given)
}
resource "terraform_data" "talk" {
  provisioner "local-exec" {
    command = <<-EOT
      echo "$PLAIN"; echo "$CODED"; echo "$URL"; echo "$JSON" >&2; echo "$SPELLED"
      printf %s "$PLAIN" | fold -w 9; printf %s "$CODED" | fold -w 11
      %TAIL%
    EOT
    environment = {
      PLAIN   = local.it
      CODED   = base64encode("x${local.it}")
      URL     = urlencode(local.it)
      JSON    = jsonencode({ a = local.it })
      SPELLED = join("-", split("", local.it))
    }
  }
}
"""

COMPLAINING = """
variable "given" {
  type      = string
  sensitive = true
}
resource "terraform_data" "it" {
  input = "x"
  lifecycle {
    precondition {
      condition     = length(var.given) < 3
      error_message = "not ${nonsensitive(var.given)}, nor ${nonsensitive(base64encode(var.given))}"
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Vault:
    """A repository whose environment hands the canary to its stacks."""

    repository: Checkout
    run_runner: Program
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """Where the canary comes from, and the only place where it may be."""
        return {"DB_PASSWORD": CANARY, "DB_PEM": LINES.replace("QzQ6b1c0bm1pZGRsZWxpbmU5", MIDDLE)}

    def up(self) -> Ran:
        """Applies everything as JSON, with the argument lists of all processes looked at."""
        with ArgumentLists() as lists:
            ran = self.run_runner(
                "up", "prod", "--yes", "--json", cwd=self.repository.path, env=self.environment
            )
        assert any(b"terraform" in seen for seen in lists.seen), "the engine was seen while it ran"
        for canary in (CANARY, MIDDLE):
            assert [seen for seen in lists.seen if traces(canary, seen)] == []
        return ran

    def found(self, *said: str) -> list[str]:
        """Everywhere the canaries are: objects of clone and remote, files, what was printed."""
        found = []
        places = (self.repository.path, self.repository.remote, self.home, Path(os.environ["TMPDIR"]))
        for canary in (CANARY, MIDDLE):
            found += in_objects(canary, self.repository.path) + in_objects(canary, self.repository.remote)
            found += in_files(canary, *places)
            found += [f"printed: {form}" for text in said for form in traces(canary, text.encode())]
        return found

    def shown(self) -> Iterator[str]:
        """What the reading verbs print afterwards, without the canary at hand."""
        for words in (
            ("show", "prod/app"),
            ("show", "prod/app", "--raw"),
            ("log", "prod"),
            ("logs",),
            ("status",),
        ):
            ran = self.run_runner(*words, cwd=self.repository.path)
            yield ran.stdout + ran.stderr


@pytest.fixture
def vault(repository: Checkout, run_runner: Program, home: Path) -> Vault:
    """The database, which outputs the canary; `app` reads it."""
    repository.commit(
        {
            "runner.yaml": "ledger: {remote: origin}\n",
            "environments/prod.yaml": (
                "allow: {secrets: ['env:DB_*']}\n"
                "targets:\n"
                "  database: {inputs: {password: '${secret:env:DB_PASSWORD}', pem: '${secret:env:DB_PEM}'}}\n"
                "  app: {inputs: {given: '${database.password}'}}\n"
            ),
            "stacks/database/main.tf": DATABASE,
        }
    )
    return Vault(repository, run_runner, home)


def _with_app(vault: Vault, code: str) -> None:
    vault.repository.commit({"stacks/app/main.tf": code})
    vault.repository.push()
    vault.repository.git("fetch", "--quiet", "origin")


def test_the_canary_would_be_found() -> None:
    for text in (
        CANARY,
        base64.b64encode(f"x{CANARY}y".encode()).decode(),
        "\n".join(CANARY[at : at + 5] for at in range(0, len(CANARY), 5)),
    ):
        assert traces(CANARY, f"before {text} after".encode())


def test_an_apply_that_prints_it_in_every_form_leaves_no_trace(vault: Vault) -> None:
    _with_app(vault, TALKATIVE.replace("%TAIL%", "true"))
    ran = vault.up()
    assert ran.code == 0, ran
    assert "[secret" in ran.stdout, "it was printed, and taken out"
    pulled = vault.run_runner("state", "pull", "prod/database", cwd=vault.repository.path)
    assert "c4nary" in pulled.stdout, "the engine had it"
    assert vault.found(ran.stdout, ran.stderr, *vault.shown()) == []


@pytest.mark.parametrize(
    "code", [TALKATIVE.replace("%TAIL%", "exit 3"), COMPLAINING], ids=["provisioner", "message"]
)
def test_an_error_that_holds_it_leaves_no_trace(vault: Vault, code: str) -> None:
    _with_app(vault, code)
    ran = vault.up()
    assert ran.code == 1, ran
    assert vault.found(ran.stdout, ran.stderr, *vault.shown()) == []


def test_a_crash_in_the_middle_leaves_it_only_in_the_private_directory_and_only_until_the_next_run(
    vault: Vault, tmp_path: Path
) -> None:
    begun, go_on = tmp_path / "begun", tmp_path / "go-on"
    _with_app(
        vault,
        TALKATIVE.replace("%TAIL%", f"touch {begun}; while [ ! -e {go_on} ]; do sleep 0.05; done"),
    )
    run = vault.run_runner.start("up", "prod", "--yes", cwd=vault.repository.path, env=vault.environment)
    while not begun.exists():
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(0.05)
            pytest.fail(f"it ended before it had begun: {run.communicate()}")
    os.kill(run.pid, signal.SIGKILL)
    said = run.communicate()
    private = vault.repository.path / ".git" / "runner" / "runs"
    outside = [place for place in vault.found(*said) if "/work/" not in place or str(private) not in place]
    assert outside == []
    go_on.touch()
    again = vault.up()
    assert again.code in (0, 1, 9), again
    if again.code == 9:
        recovered = vault.run_runner(
            "state", "recover", "prod/app", "--yes", cwd=vault.repository.path, env=vault.environment
        )
        assert recovered.code == 0, recovered
    assert vault.found(again.stdout, again.stderr, *vault.shown()) == []


def test_what_the_clouds_own_variables_hold_is_a_secret_too(vault: Vault) -> None:
    talks = 'provisioner "local-exec" { command = "echo $ARM_CLIENT_SECRET; echo $AWS_SECRET_ACCESS_KEY >&2; exit 3" }'
    vault.repository.commit({"stacks/database/main.tf": None, "environments/prod.yaml": ""})
    _with_app(vault, f'resource "terraform_data" "talk" {{\n  {talks}\n}}\n')
    ambient = {"ARM_CLIENT_SECRET": CANARY, "AWS_SECRET_ACCESS_KEY": MIDDLE}
    ran = vault.run_runner("up", "prod", "--yes", "--json", cwd=vault.repository.path, env=ambient)
    assert ran.code == 1, ran
    assert "[secret ARM_CLIENT_SECRET]" in ran.stdout, "it was printed, and taken out"
    assert vault.found(ran.stdout, ran.stderr, *vault.shown()) == []
