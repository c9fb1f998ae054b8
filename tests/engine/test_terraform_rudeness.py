"""Real Terraform, treated badly: killed, lied to, and given secrets to tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.conformance.engine import CANARY, Code
from runner.engine import BackendChoice, EngineEvent, PlanOptions
from runner.engine.child import ProviderSources
from runner.engine.discovery import EngineProgram
from runner.engine.plugin_cache import held
from runner.engine.terraform import TerraformEngine
from runner.engine.terraform_state import contents_of
from runner.errors import Denied, Interrupted, TargetFailed
from runner.kit.process import Stop
from runner.model.stack import EngineIdentity, EngineName
from tests.engine.terraform_bench import CODES, TerraformBench
from tests.engine.unheard import ignored, planned
from tests.waiting import processes_in, until

pytestmark = pytest.mark.terraform
PATIENCE = 60.0


SLEEPER = """
resource "terraform_data" "one" { input = 1 }
resource "terraform_data" "two" {
  input = terraform_data.one.id
  provisioner "local-exec" { command = "trap '' INT; touch ${path.root}/../begun; sleep 600; sleep 600" }
}
"""

PARENT = """
import sys
from pathlib import Path
from runner.engine import PlanOptions
from runner.engine.discovery import EngineProgram
from runner.engine.plugin_cache import held
from runner.engine.terraform import TerraformEngine
from runner.kit.process import Stop
from runner.model.stack import EngineIdentity, EngineName
from runner.conformance.engine import Code
from tests.engine.terraform_bench import TerraformBench
identity = EngineIdentity(name=EngineName.TERRAFORM, version="1", origin="named")
engine = TerraformEngine(EngineProgram(identity=identity, argv=(sys.argv[1],)))
bench = TerraformBench(engine, Path(sys.argv[2]))
work = bench.work(Code.SLOW)
engine.prepare(work, Stop(), print)
engine.plan(work, PlanOptions(), Stop(), print)
engine.apply(work, Stop(), lambda event: print(event, flush=True))
"""


@pytest.mark.slow
def test_a_killed_runner_leaves_no_terraform_and_a_complete_state(
    terraform_binary: Path, tmp_path: Path
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(terraform_binary), str(tmp_path)],
        env=environment,
        stdout=subprocess.PIPE,
    ) as parent:
        until((tmp_path / "tree" / "begun").exists, "the second resource is under way")
        parent.kill()
        parent.wait()
    until(lambda: not processes_in(tmp_path), "terraform is gone")
    state = json.loads((tmp_path / "tree" / "stack" / "terraform.tfstate").read_bytes())
    assert "terraform_data.one" in {f"{each['type']}.{each['name']}" for each in state["resources"]}


@pytest.mark.slow
def test_what_terraform_started_dies_with_it(terraform: TerraformBench) -> None:
    work = terraform.work_on({"main.tf": SLEEPER}, timeout=None)
    planned(terraform, work)
    stop = Stop()

    def ask() -> None:
        until((work.root / "begun").exists, "the provisioner runs")
        stop.request()
        stop.request()

    asking = threading.Thread(target=ask)
    asking.start()
    applied = terraform.engine.apply(work, stop, ignored)
    asking.join()
    assert not applied.ok
    assert applied.stopped
    until(lambda: not processes_in(work.root.parent), "the provisioner's sleep is gone")


def test_a_saved_plan_runs_only_over_the_code_it_was_made_of(terraform: TerraformBench) -> None:
    work = terraform.work_on(
        {"main.tf": CODES[Code.ONE], "m/main.tf": "", "n.tf": 'module "m" { source = "./m" }'}
    )
    planned(terraform, work)
    provisioner = 'resource "terraform_data" "x" {}'
    for name, text in {
        "main.tf": CODES[Code.UPDATED],
        "extra.tf": provisioner,
        "extra.tf.json": "{}",
        "m/main.tf": provisioner,
        "m/more.tf": provisioner,
        "#loaded.tf": provisioner,
    }.items():
        place = work.directory / name
        before = place.read_text() if place.exists() else None
        place.write_text(text)
        with pytest.raises(Denied) as failure:
            terraform.engine.apply(work, Stop(), ignored)
        assert failure.value.diagnostics[0].code == "plan-not-of-this-code"
        place.unlink() if before is None else place.write_text(before)
    (work.directory / "n.tf").unlink()
    with pytest.raises(Denied):
        terraform.engine.apply(work, Stop(), ignored)
    (work.directory / "n.tf").write_text('module "m" { source = "./m" }')
    assert terraform.engine.apply(work, Stop(), ignored).ok


def test_a_plan_that_is_no_plan_is_denied(terraform: TerraformBench) -> None:
    work = terraform.work(Code.ONE)
    planned(terraform, work)
    (work.scratch / "plan.tfplan").write_bytes(b"PK\x03\x04 not a plan")
    with pytest.raises(Denied):
        terraform.engine.apply(work, Stop(), ignored)


def test_no_auto_variables_beat_ours(terraform: TerraformBench) -> None:
    code = 'variable "who" {}\noutput "who" { value = var.who }'
    beating = 'who = "theirs"'
    work = terraform.work_on({"main.tf": code, "zz.auto.tfvars": beating, "terraform.tfvars": beating})
    (work.scratch / "file.tfvars").write_text('who = "file"')
    work = replace(
        work,
        inputs={"who": "ours"},
        var_files=(work.scratch / "file.tfvars",),
        environment={**work.environment, "TF_VAR_who": "variable"},
    )
    assert planned(terraform, work).outputs[0].after == "ours"


def test_an_ephemeral_input_is_given_again_at_apply(terraform: TerraformBench) -> None:
    code = """
    variable "password" {
      type      = string
      ephemeral = true
    }
    variable "plain" {}
    resource "terraform_data" "one" { input = var.plain }
    output "given" { value = ephemeralasnull(var.password) == null }
    """
    work = terraform.work_on({"main.tf": code})
    work = replace(work, inputs={**work.inputs, "plain": "x"})
    planned(terraform, work)
    applied = terraform.engine.apply(work, Stop(), ignored)
    assert applied.ok, applied


def test_an_override_file_cannot_move_the_state(terraform: TerraformBench) -> None:
    moved = 'terraform {\n  backend "local" {\n    path = "../elsewhere.tfstate"\n  }\n}'
    work = terraform.work_on({"main.tf": CODES[Code.ONE], "zz_override.tf": moved})
    with pytest.raises(TargetFailed) as failure:
        planned(terraform, work)
    assert failure.value.diagnostics[0].code == "state-two-places"


def test_a_state_elsewhere_is_ours_and_one_beside_the_code_is_not_overlooked(
    terraform: TerraformBench, tmp_path: Path
) -> None:
    work = terraform.work(Code.ONE)
    elsewhere = tmp_path / "state" / "one.tfstate"
    elsewhere.parent.mkdir()
    work = replace(work, backend=BackendChoice(file=elsewhere))
    planned(terraform, work)
    assert terraform.engine.apply(work, Stop(), ignored).ok
    assert len(contents_of(elsewhere.read_bytes()).resources) == 1
    (work.directory / "terraform.tfstate").unlink()
    (work.directory / "terraform.tfstate").write_text("{}")
    with pytest.raises(TargetFailed) as failure:
        planned(terraform, work)
    assert failure.value.diagnostics[0].code == "state-beside-code"


def test_as_written_the_backend_and_the_workspace_are_used(terraform: TerraformBench, tmp_path: Path) -> None:
    code = 'terraform {\n  backend "local" {}\n}\n' + CODES[Code.ONE]
    work = terraform.work_on({"main.tf": code})
    config = (f"path={tmp_path}/own.tfstate", f"workspace_dir={tmp_path}/workspaces")
    work = replace(work, backend=BackendChoice(file=None, config=config, workspace="blue"))
    for _ in range(2):
        planned(terraform, work)
    assert terraform.engine.apply(work, Stop(), ignored).ok
    state = terraform.engine.state(work, Stop())
    assert terraform.engine.facts(state).lineage
    assert list((tmp_path / "workspaces" / "blue").iterdir())


def test_mistakes_are_told_with_their_place_from_the_root(terraform: TerraformBench) -> None:
    for text in ('resource "terraform_data" "x" {\n  input = nothing.there\n}\n', "output {\n"):
        work = terraform.work_on({"main.tf": text})
        with pytest.raises(TargetFailed) as failure:
            planned(terraform, work)
        span = failure.value.diagnostics[0].span
        assert span is not None
        assert span.file == "stack/main.tf"
        assert span.line in (1, 2)
        assert not any("encountered problems" in each.message for each in failure.value.diagnostics)


def test_a_secret_is_in_no_error_event_or_plan_even_unmarked(terraform: TerraformBench) -> None:
    code = """
    variable "password" {}
    resource "terraform_data" "one" { input = var.password }
    resource "terraform_data" "two" {
      input = base64encode("user:${var.password}")
      lifecycle {
        precondition {
          condition     = length(var.password) < 3
          error_message = "no good: ${var.password}"
        }
      }
    }
    """
    work = terraform.work_on({"main.tf": code})
    told: list[EngineEvent] = []
    terraform.engine.prepare(work, Stop(), told.append)
    with pytest.raises(TargetFailed) as failure:
        terraform.engine.plan(work, PlanOptions(), Stop(), told.append)
    assert CANARY not in f"{failure.value}{failure.value.diagnostics}{told}"
    assert "[secret env:PASSWORD]" in str(failure.value)
    work = terraform.work_on(
        {"main.tf": code.replace("length(var.password) < 3", "length(var.password) > 3")}
    )
    found = planned(terraform, work)
    assert CANARY not in str(found)
    assert found.changes[0].sensitive_paths == (("input",),)


def test_nothing_of_ours_reaches_the_child(terraform: TerraformBench, tmp_path: Path) -> None:
    os.environ.update({"CANARY_OF_THE_PARENT": "seen", "TF_LOG": "trace", "TF_CLI_ARGS": "-no-such-flag"})
    code = """
    resource "terraform_data" "one" {
      provisioner "local-exec" { command = "env > ${path.root}/../environment; ls -A ~ > ${path.root}/../home" }
    }
    """
    work = terraform.work_on({"main.tf": code})
    planned(terraform, work)
    assert terraform.engine.apply(work, Stop(), ignored).ok
    seen = (work.root / "environment").read_text()
    assert "CANARY_OF_THE_PARENT" not in seen
    assert "TF_LOG" not in seen
    assert "TF_IN_AUTOMATION=1" in seen
    assert (work.root / "home").read_text().strip() in ("", ".terraform.d")


def test_a_stacks_own_plugins_are_not_run(terraform: TerraformBench, terraform_binary: Path) -> None:
    identity = EngineIdentity(name=EngineName.TERRAFORM, version="1", origin="named")
    program = EngineProgram(identity=identity, argv=(str(terraform_binary),))
    engine = TerraformEngine(program, ProviderSources(direct=()))
    plugin = "terraform.d/plugins/registry.terraform.io/acme/evil/1.0.0/linux_amd64/terraform-provider-evil"
    code = 'terraform {\n  required_providers {\n    evil = { source = "acme/evil" }\n  }\n}\n'
    work = terraform.work_on({"main.tf": code, plugin: f"#!/bin/sh\ntouch {terraform._place}/marker\n"})
    (work.directory / plugin).chmod(0o755)
    with pytest.raises(TargetFailed):
        engine.prepare(work, Stop(), ignored)
    assert not (terraform._place / "marker").exists()


@pytest.mark.slow
@pytest.mark.local_provider
def test_parallel_runs_share_providers_and_never_a_half_one(
    terraform_binary: Path, local_provider: Path, tmp_path: Path
) -> None:
    identity = EngineIdentity(name=EngineName.TERRAFORM, version="1", origin="named")
    program = EngineProgram(identity=identity, argv=(str(terraform_binary),))
    engine = TerraformEngine(program, ProviderSources(mirror=str(local_provider), direct=()))
    code = 'resource "local_file" "x" {\n  filename = "x"\n  content = "x"\n}\n'
    failures: list[BaseException] = []

    def prepare(number: int) -> None:
        bench = TerraformBench(engine, tmp_path / str(number))
        try:
            work = replace(bench.work_on({"main.tf": code}), cache=tmp_path / "cache")
            planned(bench, work)
        except BaseException as problem:  # noqa: BLE001  # shown by the assertion
            failures.append(problem)

    threads = [threading.Thread(target=prepare, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert list((tmp_path / "cache").glob("*/hashicorp/local/1.4.0/*/terraform-provider-local*"))
    assert (tmp_path / "0" / "tree" / "stack" / ".terraform.lock.hcl").is_file()


def test_a_stop_ends_the_wait_for_the_cache_and_starts_nothing(
    terraform: TerraformBench, tmp_path: Path
) -> None:
    code = 'terraform {\n  required_providers {\n    local = { source = "hashicorp/local" }\n  }\n}\n'
    work = replace(terraform.work_on({"main.tf": code}), cache=tmp_path / "cache")
    stop = Stop()
    with held(tmp_path / "cache", Stop(), alone=True):
        threading.Timer(0.2, stop.request).start()
        with pytest.raises(Interrupted):
            terraform.engine.prepare(work, stop, ignored)
    assert not (work.directory / ".terraform").exists()


def test_a_huge_plan_does_not_stop_the_stream(terraform: TerraformBench) -> None:
    long = 'join("", [for n in range(1000) : "0123456789"])'
    code = f'resource "terraform_data" "x" {{\n  count = 300\n  input = {long}\n}}\n'
    found = planned(terraform, terraform.work_on({"main.tf": code}))
    assert len(found.changes) == 300


def test_the_engines_own_commands_run_in_the_workspace(terraform: TerraformBench) -> None:
    work = terraform.work(Code.ONE)
    planned(terraform, work)
    assert terraform.engine.apply(work, Stop(), ignored).ok
    assert terraform.engine.execute(work, ["state", "rm", "terraform_data.one"], Stop()) == 0
    assert not terraform.resources()
    assert terraform.engine.execute(work, ["no-such-verb"], Stop()) == 1
