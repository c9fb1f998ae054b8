"""What we write instead of `init` is what `init` writes, and plans the same; a provider is left to `init`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.decisions.module_tree import module_tree
from runner.engine import Workspace
from runner.engine.terraform_install import state_needs_init
from runner.errors import TargetFailed
from runner.kit.stop import Stop
from runner.kit.tree import DiskTree
from runner.model.stack import EngineName
from runner.source.facts import CodeReader
from tests.engine.terraform_bench import TerraformBench
from tests.engine.unheard import planned

_LEAF = 'variable "v" {\n  default = "leaf"\n}\nresource "terraform_data" "x" {\n  input = [var.v, path.module]\n}\n'
_LEAF += 'output "x" {\n  value = terraform_data.x.input\n}\n'
FILES = {
    "main.tf": 'module "up" {\n  source = "../modules/up"\n}\n'
    'module "down" {\n  source = "./down"\n  count  = 2\n}\n'
    'output "all" {\n  value = [module.up.x, module.down[*].x, module.json.x]\n}\n',
    "more.tf.json": json.dumps({"module": {"json": {"source": "./down/deeper", "v": "from JSON"}}}),
    "down/main.tf": 'module "deeper" {\n  source = "./deeper"\n}\noutput "x" {\n  value = module.deeper.x\n}\n',
    "down/deeper/main.tf": _LEAF,
    "../modules/up/main.tf": 'module "beside" {\n  source = "../beside"\n}\n'
    'output "x" {\n  value = module.beside.x\n}\n',
    "../modules/beside/main.tf": _LEAF,
}
HCL = pytest.mark.parametrize(
    "engine",
    [pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("terraform", "embedded", "opentofu")],
    indirect=True,
)


def resource(provider: str) -> str:
    """A state with one resource of `provider`, written as JSON writes it."""
    return f'{{"version": 4, "resources": [{{"type": "x", "provider": "{provider}"}}]}}'


def manifest(work: Workspace) -> dict[str, object]:
    written = json.loads((work.directory / ".terraform/modules/modules.json").read_bytes())
    return {each["Key"]: each for each in written["Modules"]}


def without_init(bench: TerraformBench, work: Workspace) -> Workspace:
    tofu = bench.engine.identity.name is EngineName.OPENTOFU
    modules = module_tree("stack", CodeReader(DiskTree(work.root)), opentofu=tofu)
    assert modules is not None
    return replace(work, modules=modules)


@HCL
def test_the_modules_are_those_that_init_installs_and_the_plan_is_the_same(bench: TerraformBench) -> None:
    work = bench.work_on(FILES)
    theirs, installed = planned(bench, work), manifest(work)
    place = work.directory / ".terraform"
    place.rename(work.root / "installed")
    ours = planned(bench, without_init(bench, work))
    assert manifest(work) == installed
    assert {each.name for each in place.iterdir()} == {"modules"}
    assert (ours.changes, ours.outputs) == (theirs.changes, theirs.outputs)
    assert len(ours.changes) == 4
    applied = bench.engine.apply(replace(work, modules=None), Stop(), lambda _: None)
    assert applied.ok, applied.because


@HCL
def test_an_overridden_source_is_left_to_init(bench: TerraformBench) -> None:
    files = {**FILES, "over_override.tf": 'module "up" {\n  source = "../modules/beside"\n}\n'}
    work = bench.work_on(files)
    tofu = bench.engine.identity.name is EngineName.OPENTOFU
    assert module_tree("stack", CodeReader(DiskTree(work.root)), opentofu=tofu) is None
    assert len(planned(bench, work).changes) == 4


def test_a_manifest_that_is_not_of_this_code_plans_nothing(terraform: TerraformBench) -> None:
    work = without_init(terraform, terraform.work_on(FILES))
    (work.directory / "main.tf").write_text('module "up" {\n  source = "../modules/beside"\n}\n')
    with pytest.raises(TargetFailed):
        planned(terraform, work)


@pytest.mark.parametrize(
    ("state", "needed"),
    [
        ("", False),
        ('{"version": 4, "resources": []}', False),
        (resource('provider[\\"terraform.io/builtin/terraform\\"]'), False),
        (resource('module.m.provider[\\"terraform.io/builtin/terraform\\"]'), False),
        (resource('provider[\\"registry.terraform.io/hashicorp/local\\"]'), True),
        (resource('provider[\\"registry.opentofu.org/hashicorp/aws\\"].west'), True),
        ('{"version": 3, "modules": []}', True),
        ('{"encrypted_data": "sealed", "meta": {}}', True),
    ],
)
def test_a_state_needs_init_where_a_provider_is_to_look_after_it(
    state: str, needed: bool, tmp_path: Path
) -> None:
    place = tmp_path / "terraform.tfstate"
    assert not state_needs_init(place)
    place.write_text(state)
    assert state_needs_init(place) is needed
