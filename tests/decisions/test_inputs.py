"""Which inputs reach a stack, and which are mistakes."""

from __future__ import annotations

from runner.decisions.inputs import (
    configuration_of,
    exposed_values,
    inputs_of,
    undeclared_everywhere,
    unvalued,
)
from runner.diagnostics import Span
from runner.kit.tree import DictTree
from runner.model.code import ModuleFacts
from runner.model.references import Expression, Input, OutputReference, SecretReference
from runner.source.facts import CodeReader
from tests.decisions.code_on_paper import inputs_of as written
from tests.decisions.code_on_paper import named, target_of

CODE = (
    'variable "region" {}\nvariable "size" {\n  default = 1\n}\n'
    'variable "password" {\n  type = string\n}\nvariable "token" {\n  sensitive = true\n}\n'
)
SECRET = Expression(
    parts=(SecretReference(scheme="env", name="DB", span=Span(file="e.yaml", line=2, column=9)),)
)


def module(text: str = CODE, **more: str) -> ModuleFacts:
    files = {"stacks/app/main.tf": text, **{f"stacks/app/{name}.tf": each for name, each in more.items()}}
    facts = CodeReader(DictTree(files)).module("stacks/app")
    assert facts is not None
    return facts


def test_the_nearest_wins_and_only_what_is_declared_goes_in() -> None:
    target = target_of(
        captures={"region": "layout", "size": "layout", "team": "a"},
        environment_inputs={"region": "environment", "other": 1},
        inputs={"region": "target"},
    )
    found = inputs_of(target, module())
    assert {name: each.value for name, each in found.inputs.items()} == {"region": "target", "size": "layout"}
    assert found.diagnostics == ()


def test_an_input_of_a_target_that_is_not_declared_is_a_mistake_with_a_proposal() -> None:
    (problem,) = inputs_of(target_of(inputs={"regoin": "x"}), module()).diagnostics
    assert problem.code == "input-undeclared"
    assert "did you mean `region`?" in problem.hint


def test_a_variable_that_gets_no_value_is_told_with_its_place_and_where_to_write_it() -> None:
    target = target_of(inputs={"password": "x"})
    given = inputs_of(target, module()).inputs
    region, token = unvalued(target, module(), given, [])
    assert (region.code, str(region.span)) == ("input-missing", "stacks/app/main.tf:1:10")
    assert "`region`" in region.message
    assert "environments/dev.yaml: `targets: {app: {inputs: {region:" in region.hint
    assert "`token`" in token.message
    assert unvalued(target, module(), given, ['region = "a"\n', '{"token": 1}']) == ()
    assert unvalued(target, module('variable "region" {\n'), {}, []) == (), "what cannot be read may say it"


def test_a_secret_needs_a_sensitive_variable() -> None:
    (problem,) = inputs_of(target_of(inputs={"password": [SECRET], "token": SECRET}), module()).diagnostics
    assert problem.code == "secret-exposed"
    assert problem.span == Span(file="e.yaml", line=2, column=9)
    assert "stacks/app/main.tf:5:10" in problem.message
    override = module(x_override='variable "password" {\n  sensitive = true\n}\n')
    assert inputs_of(target_of(inputs={"password": SECRET}), override).diagnostics == ()


def test_a_sensitive_output_is_as_secret_as_a_secret() -> None:
    network = named("dev/network")
    upstream = module('output "key" {\n  value = 1\n  sensitive = true\n}\noutput "id" {\n  value = 1\n}\n')
    reference = Expression(parts=("x-", OutputReference(target=network, output="key")))
    plain = Expression(parts=(OutputReference(target=network, output="id"),))
    target = target_of(inputs={"region": reference, "size": plain, "token": reference})
    (problem,) = inputs_of(target, module(), {network: upstream}).diagnostics
    assert problem.code == "sensitive-output-exposed"


def test_an_input_of_the_environment_is_a_mistake_only_where_no_stack_declares_it() -> None:
    inputs = {**written({"region": "x"}), "zone": Input(name="zone", value="y")}
    (problem,) = undeclared_everywhere("dev", inputs, [module()])
    assert "`zone`" in problem.message
    assert undeclared_everywhere("dev", inputs, [module(), module('variable "zone" {}\n')]) == ()
    assert undeclared_everywhere("dev", inputs, [module(), None]) == ()


def test_a_program_is_given_all_that_is_written_for_it_and_nothing_for_null() -> None:
    target = target_of(
        captures={"region": "layout"},
        environment_inputs={"region": "environment", "size": 1, "old": 2},
        inputs={"size": 3, "old": None},
    )
    given = {name: each.value for name, each in configuration_of(target).items()}
    assert given == {"region": "environment", "size": 3}


def test_what_turned_out_to_be_secret_needs_a_sensitive_variable_but_in_a_program() -> None:
    output = Expression(parts=(OutputReference(target=named("dev/db"), output="password"),))
    inputs = written({"password": output, "token": output})
    (problem,) = exposed_values(inputs, ["password", "token"], module())
    assert (problem.code, "`password`" in problem.message) == ("sensitive-output-exposed", True)
    assert exposed_values(inputs, ["password", "token"], None) == ()
    assert exposed_values(inputs, [], module()) == ()
