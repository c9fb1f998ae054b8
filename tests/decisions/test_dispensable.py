"""A destroy does without a value only where no provider can be configured with it."""

import pytest

from runner.decisions.dispensable import needed_by
from runner.kit.tree import DictTree
from runner.source.facts import CodeReader
from tests.decisions.code_on_paper import closed

MAIN = "stacks/app/main.tf"


def needed(files: dict[str, str]) -> str:
    closure = closed(files)
    code = CodeReader(DictTree({path: text.encode() for path, text in files.items()}))
    facts = {each: module for each in closure.modules if (module := code.module(each))}
    return needed_by({"gone"}, closure, facts, files)


@pytest.mark.parametrize(
    "provider",
    ["", 'provider "aws" { region = "eu-west-1" }', 'provider "aws" {\n  region = var.region\n}', 'provider "aws" {}'],
)  # fmt: skip
def test_what_configures_no_provider_can_be_missing(provider: str) -> None:
    assert needed({MAIN: f'variable "gone" {{}}\nvariable "region" {{}}\n{provider}\n'}) == ""


@pytest.mark.parametrize(
    "code",
    [
        'provider "aws" { region = var.gone }',
        'provider "aws" {\n  region = "a-${var.gone}"\n}',
        'provider "aws" { region = var["gone"] }',
        'locals { r = var.gone }\nprovider "aws" { region = local.r }',
        'provider "aws" { region = data.aws_region.here.name }',
        'provider "aws" { region = module.m.region }',
        'module "net" { source = "git::https://example.test/net" }',
    ],
)
def test_a_provider_that_may_be_configured_with_it_needs_it(code: str) -> None:
    assert needed({MAIN: f'variable "gone" {{}}\n{code}\n'})


def test_a_provider_in_a_module_may_be_configured_with_anything() -> None:
    call = 'variable "gone" {}\nmodule "m" {\n  source = "./m"\n  x = var.gone\n}\n'
    assert needed({MAIN: call, "stacks/app/m/a.tf": 'variable "x" {}\nprovider "aws" { region = var.x }\n'})
    assert not needed({MAIN: call, "stacks/app/m/a.tf": 'variable "x" {}\n'})
