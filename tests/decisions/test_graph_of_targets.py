"""Edges, references that lead nowhere, cycles as paths, waves and who is skipped."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.decisions.edges import Edge, graph_edges, judged
from runner.decisions.ordering import needs_among, run_order, skipped
from runner.diagnostics import Span
from runner.errors import AskedWrongly
from runner.kit.tree import DictTree
from runner.model.environment import TerraformSettings
from runner.model.names import TargetName
from runner.model.references import Expression, OutputReference
from runner.model.target import Target
from runner.source.facts import CodeReader
from tests.decisions.code_on_paper import gates_of, named, target_of


def output_of(target: str, output: str) -> Expression:
    span = Span(file="environments/dev.yaml", line=3, column=5)
    return Expression(parts=(OutputReference(target=named(target), output=output, span=span),))


def by_name(*targets: Target) -> dict[TargetName, Target]:
    return {each.name: each for each in targets}


def reader(files: Mapping[str, str]) -> CodeReader:
    return CodeReader(DictTree(dict(files)))


FILES = {
    "stacks/network/main.tf": 'output "subnet_id" {\n  value = 1\n}\noutput "vpc_id" {\n  value = 1\n}\n',
    "stacks/app/main.tf": 'variable "subnet" {}\n',
}


def test_references_and_written_needs_are_edges_each_with_its_because() -> None:
    targets = by_name(
        target_of("dev/network"),
        target_of(
            "dev/app", inputs={"subnet": [output_of("dev/network", "subnet_id")]}, depends_on=("dev/network",)
        ),
    )
    edges = graph_edges(targets, reader(FILES))
    (edge,) = edges[named("dev/app")]
    assert edge.target == named("dev/network")
    assert edge.outputs == ("subnet_id",)
    assert edge.because == "`depends_on` names it; the input `subnet` is its output `subnet_id`"
    assert edges[named("dev/network")] == ()


def test_an_input_of_the_environment_that_the_stack_does_not_declare_is_no_edge() -> None:
    inputs = {"subnet": output_of("dev/network", "subnet_id")}
    targets = by_name(
        target_of("dev/network", environment_inputs=inputs), target_of("dev/app", environment_inputs=inputs)
    )
    edges = graph_edges(targets, reader(FILES))
    assert edges[named("dev/network")] == ()
    assert len(edges[named("dev/app")]) == 1


@pytest.mark.parametrize(
    ("reference", "code", "said"),
    [
        (output_of("dev/network", "subnet"), "no-such-output", "`subnet_id`, `vpc_id`"),
        (output_of("dev/netwrk", "x"), "no-such-target", "did you mean `dev/network`?"),
        (output_of("shared/dns", "x"), "no-such-target", "environments with stacks are: `dev`"),
    ],
)
def test_a_reference_that_leads_nowhere_names_what_there_is(
    reference: Expression, code: str, said: str
) -> None:
    targets = by_name(target_of("dev/network"), target_of("dev/app", inputs={"subnet": reference}))
    with pytest.raises(AskedWrongly) as error:
        graph_edges(targets, reader(FILES))
    (problem,) = error.value.diagnostics
    assert problem.code == code
    assert said in problem.hint
    assert problem.span is not None
    assert problem.span.line == 3


def test_a_cycle_is_shown_as_its_path() -> None:
    targets = by_name(
        target_of("dev/a", depends_on=("dev/b",)),
        target_of("dev/b", depends_on=("dev/c",)),
        target_of("dev/c", depends_on=("dev/a",)),
    )
    (problem,) = judged(targets, reader({})).diagnostics
    assert problem.message.endswith("`dev/a` → `dev/b` → `dev/c` → `dev/a`")


S3 = 'backend "s3" {\n    bucket = "b"\n    key = "net"\n  }'


@pytest.mark.parametrize(
    ("backend", "config", "matches"),
    [
        (S3, 'backend = "s3"\n  config = { bucket = "b", key = "net", region = "x" }', True),
        (S3, 'backend = "s3"\n  config = { bucket = "b", key = "other" }', False),
        (S3, 'backend = "s3"\n  config = { bucket = "b", key = var.k }', False),
        ('backend "local" {}', 'backend = "local"\n  config = { path = "../network/terraform.tfstate" }', True),
        (
            'backend "local" {\n    path = "n"\n  }',
            'backend = "local"\n  config = { path = "${path.module}/../network/n" }',
            True,
        ),
        (
            'backend "local" {\n    path = "../../../states/n"\n  }',
            'backend = "local"\n  config = { path = "../../../x/../states/n" }',
            True,
        ),
        ('backend "s3" {}', 'backend = "s3"\n  config = { bucket = "b", key = "dev/network" }', True),
        (
            'cloud {\n    organization = "o"\n    workspaces {\n      name = "w"\n    }\n  }',
            'backend = "remote"\n  config = { organization = "o", workspaces = { name = "w" } }',
            True,
        ),
    ],
)  # fmt: skip
def test_a_remote_state_of_a_known_target_is_an_edge(backend: str, config: str, matches: bool) -> None:
    files = {
        "stacks/network/main.tf": f"terraform {{\n  {backend}\n}}\n",
        "stacks/app/main.tf": f'data "terraform_remote_state" "n" {{\n  {config}\n}}\n',
    }
    settings = (
        ({"bucket": "b", "key": "{environment}/{stack}"},) if "{}" in backend and "s3" in backend else ()
    )
    gates = {"dev": gates_of(terraform=TerraformSettings(backend_config=settings))}
    edges = graph_edges(by_name(target_of("dev/network"), target_of("dev/app")), reader(files), gates)
    assert [edge.target for edge in edges[named("dev/app")]] == ([named("dev/network")] if matches else [])


def test_a_remote_state_prefers_its_own_environment() -> None:
    files = {
        "stacks/network/main.tf": 'terraform {\n  backend "s3" {\n    bucket = "b"\n    key = "net"\n  }\n}\n',
        "stacks/app/main.tf": 'data "terraform_remote_state" "n" {\n  backend = "s3"\n'
        '  config = { bucket = "b", key = "net" }\n}\n',
    }
    targets = by_name(
        *(target_of(f"{env}/{stack}") for env in ("dev", "prod") for stack in ("network", "app"))
    )
    edges = graph_edges(targets, reader(files))
    assert [edge.target for edge in edges[named("prod/app")]] == [named("prod/network")]


def chain(*names: str) -> dict[TargetName, tuple[Edge, ...]]:
    """Each needs the one before it."""
    found: dict[TargetName, tuple[Edge, ...]] = {named(names[0]): ()}
    for before, name in pairwise(names):
        found[named(name)] = (Edge(target=named(before), because=""),)
    return found


def test_destroy_goes_the_other_way_and_the_order_holds_through_what_was_not_chosen() -> None:
    edges = chain("d/a", "d/b", "d/c")
    chosen = [named("d/a"), named("d/c")]
    assert run_order(chosen, edges) == ((named("d/a"),), (named("d/c"),))
    assert run_order(chosen, edges, destroy=True) == ((named("d/c"),), (named("d/a"),))


def test_a_failure_stops_its_dependents_only_and_they_say_because_of_whom() -> None:
    edges = {**chain("d/a", "d/b", "d/c"), **chain("d/x", "d/y")}
    found = skipped(needs_among(edges, edges), [named("d/a")])
    assert [str(each.target) for each in found] == ["d/b", "d/c"]
    assert found[1].because == "it needs `d/b`, which needs `d/a`, which did not end well"


@given(st.dictionaries(st.integers(0, 8), st.sets(st.integers(0, 8)), max_size=9), st.sets(st.integers(0, 8)))
def test_every_need_comes_in_an_earlier_wave(graph: dict[int, set[int]], chosen: set[int]) -> None:
    edges = {
        named(f"e/{node}"): tuple(
            Edge(target=named(f"e/{need}"), because="") for need in needs if need < node
        )
        for node, needs in graph.items()
    }
    names = [named(f"e/{each}") for each in chosen]
    place = {name: number for number, wave in enumerate(run_order(names, edges)) for name in wave}
    assert place.keys() == set(names)
    for name, needs in needs_among(names, edges).items():
        assert all(place[need] < place[name] for need in needs)
