"""What outside Git can change a plan: whatever is not known to be still, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.decisions.lasting import Made, what_can_change
from runner.decisions.terraform_closure import closure_of
from runner.kit.tree import DictTree
from runner.model.change import Change, ChangeKind
from runner.model.entry import Resource
from runner.model.environment import Gates, Hook, Hooks, TerraformSettings
from runner.model.plan import Planned
from runner.model.stack import EngineName
from runner.source.facts import CodeReader
from tests.decisions.code_on_paper import gates_of, target_of

BUILT_IN = Resource(
    address="terraform_data.a", type="terraform_data", provider="terraform.io/builtin/terraform"
)
BUCKET = Resource(
    address="aws_s3_bucket.b", type="aws_s3_bucket", provider="registry.terraform.io/hashicorp/aws"
)
LOCK = {"stacks/app/.terraform.lock.hcl": 'provider "registry.terraform.io/hashicorp/aws" {}\n'}
AWS = 'resource "aws_s3_bucket" "b" { bucket = "b" }\n'

STILL = (
    'resource "terraform_data" "a" { input = upper("x") }\n',
    'variable "v" { default = "1" }\n',
    'output "o" { value = jsonencode({ a = cidrsubnet("10.0.0.0/8", 8, 1) }) }\n',
    'module "m" { source = "../../modules/m" }\n',
    'output "f" { value = file("${path.module}/x.txt") }\n',
    'output "p" { value = provider::terraform::encode_expr([1]) }\n',
    'locals { at = formatdate("YYYY", "2026-01-01T00:00:00Z") }\n',
)
MOVING = (
    'data "aws_ami" "x" {}\n',
    'data "terraform_remote_state" "x" { backend = "local" }\n',
    'ephemeral "aws_secret" "x" {}\n',
    'output "t1" { value = timestamp() }\n',
    'output "t2" { value = core::plantimestamp() }\n',
    'output "t3" { value = try(uuid(), 1) }\n',
    'output "t4" { value = bcrypt("x") }\n',
    'output "t5" { value = templatefile("${path.module}/x.txt", {}) }\n',
    'output "t6" { value = provider::aws::arn_parse("x") }\n',
    'output "t7" { value = path.cwd == "x" ? 1 : 2 }\n',
    'output "t8" { value = abspath(".") }\n',
    'output "t9" { value = not_yet_known("x") }\n',
    'variable "w" {}\noutput "w" { value = file(var.w) }\n',
    'output "abs" { value = file("/etc/hosts") }\n',
    'module "r" {\n  source = "hashicorp/x/aws"\n  version = "1.2.3"\n}\n',
    'module "g" { source = "git::https://example.com/x.git" }\n',
    'module "moving" { source = "../../modules/moving" }\n',
    AWS,
    'output "broken" { value = \n',
)
FILES = {
    "modules/m/main.tf": 'resource "terraform_data" "m" {}\n',
    "modules/moving/main.tf": 'output "x" { value = timestamp() }\n',
    "stacks/app/x.txt": "x",
}
UNCHANGED = Planned(changes=(), outputs=(), changed=False, complete=True)


def made(
    *code: str,
    files: dict[str, str] | None = None,
    gates: Gates | None = None,
    live: tuple[Resource, ...] = (),
    planned: Planned = UNCHANGED,
    engine: EngineName = EngineName.TERRAFORM,
) -> Made:
    own = {f"stacks/app/{number}.tf": text for number, text in enumerate(code)}
    tree = DictTree({**FILES, **own, **(files or {})})
    reader = CodeReader(tree)
    closure = closure_of(target_of(), gates or gates_of(), reader)
    modules = tuple(facts for each in closure.modules if (facts := reader.module(each)) is not None)
    return Made(
        engine=engine,
        gates=gates or gates_of(),
        closure=closure,
        modules=modules,
        code=tree.read_many([path for facts in modules for path in facts.files]).values(),
        live=live,
        planned=planned,
    )


@given(still=st.sets(st.sampled_from(STILL)), moving=st.sets(st.sampled_from(MOVING), max_size=2))
def test_a_plan_lasts_exactly_where_nothing_in_its_code_moves(still: set[str], moving: set[str]) -> None:
    code = sorted(still | moving) or [STILL[0]]
    assert bool(what_can_change(made(*code))) == bool(moving)


@pytest.mark.parametrize("code", MOVING)
def test_each_thing_that_moves_is_told(code: str) -> None:
    assert what_can_change(made(code))


@pytest.mark.parametrize("code", STILL)
def test_each_thing_that_is_still_lasts_with_and_without_a_state(code: str) -> None:
    assert what_can_change(made(code)) == ""
    assert what_can_change(made(code, live=(BUILT_IN,))) == ""


def test_a_provider_that_is_locked_lasts_until_something_of_it_is_live() -> None:
    assert ".terraform.lock.hcl" in what_can_change(made(AWS))
    assert what_can_change(made(AWS, files=LOCK)) == ""
    assert what_can_change(made(AWS, files=LOCK, live=(BUILT_IN,))) == ""
    assert "`aws_s3_bucket.b` is live" in what_can_change(made(AWS, files=LOCK, live=(BUILT_IN, BUCKET)))
    assert "`aws_s3_bucket.b` is live" in what_can_change(made(STILL[0], live=(BUCKET,))), (
        "about to be destroyed"
    )


@pytest.mark.parametrize(
    ("arguments", "lasts"),
    [
        ({"plan": ("-parallelism=30", "-lock-timeout=5s", "-compact-warnings")}, True),
        ({"apply": ("-var-file=/etc/x",)}, True),
        ({"plan": ("-var-file=/etc/x",)}, False),
        ({"plan": ("-parallelism=30", "-state=/x")}, False),
        ({"init": ("-plugin-dir=/x",)}, False),
    ],
)
def test_arguments_that_can_name_a_file_are_not_known_to_be_still(
    arguments: dict[str, tuple[str, ...]], lasts: bool
) -> None:
    gates = gates_of(terraform=TerraformSettings(arguments=arguments))
    assert (what_can_change(made(STILL[0], gates=gates)) == "") is lasts


def test_programs_and_hooks_may_do_anything() -> None:
    assert what_can_change(made(STILL[0], engine=EngineName.OPENTOFU)) == ""
    assert what_can_change(made(STILL[0], engine=EngineName.PULUMI))
    assert what_can_change(made(STILL[0], gates=gates_of(hooks=Hooks(before_preview=(Hook(run=("make",)),)))))


@pytest.mark.parametrize(
    "planned",
    [
        Planned(changes=(), outputs=(), changed=True, complete=False),
        Planned(changes=(), outputs=(), changed=True, complete=True, errored=True),
        Planned(
            changes=(Change(address="a.b", kind=ChangeKind.IMPORT, import_id="i"),),
            outputs=(),
            changed=True,
            complete=True,
        ),
        Planned(
            changes=(Change(address="data.a.b", kind=ChangeKind.READ, mode="data"),),
            outputs=(),
            changed=True,
            complete=True,
        ),
        Planned(changes=(), outputs=(), changed=False, complete=True, checks=({"address": "check.health"},)),
    ],
)
def test_what_the_plan_itself_says_counts_too(planned: Planned) -> None:
    assert what_can_change(made(STILL[0], planned=planned))
