"""The selector language: each form, exclusions, narrowing, and what means nothing or two things."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.decisions.edges import Edge
from runner.decisions.selection import is_named, one_environment, select
from runner.errors import AskedWrongly
from runner.model.selection_request import SelectionRequest
from runner.model.stack import EngineName
from tests.decisions.code_on_paper import named, target_of

TARGETS = {
    each.name: each
    for each in (
        target_of("dev/app", directory="stacks/app", tags=frozenset({"team-a"})),
        target_of("dev/network", directory="stacks/network"),
        target_of("prod/app", directory="stacks/app", tags=frozenset({"team-a"})),
        target_of("prod/network", directory="stacks/network"),
        target_of("prod/eu/db", directory="live/prod/eu/db", engine=EngineName.OPENTOFU),
    )
}
EDGES = {
    name: (Edge(target=named(f"{name.environment}/network"), because=""),) if name.stack == "app" else ()
    for name in TARGETS
}
ALL = " ".join(sorted(map(str, TARGETS)))


def chosen(*selectors: str, here: str = ".", **more: object) -> str:
    request = SelectionRequest(selectors=selectors, **more)  # type: ignore[arg-type]
    return " ".join(sorted(map(str, select(request, TARGETS, EDGES, here=here))))


@pytest.mark.parametrize(
    ("selectors", "meant"),
    [
        ((), ALL),
        (("dev",), "dev/app dev/network"),
        (("env/dev",), "dev/app dev/network"),
        (("environments/dev.yaml",), "dev/app dev/network"),
        (("./environments/dev.yaml",), "dev/app dev/network"),
        (("prod/network",), "prod/network"),
        (("env/prod/network",), "prod/network"),
        (("prod/eu/db",), "prod/eu/db"),
        (("stacks/network",), "dev/network prod/network"),
        (("stacks/eu/db",), "prod/eu/db"),
        (("./stacks/network",), "dev/network prod/network"),
        (("./stacks/",), "dev/app dev/network prod/app prod/network"),
        (("./live",), "prod/eu/db"),
        ((".",), ALL),
        (("prod/*",), "prod/app prod/eu/db prod/network"),
        (("*/network",), "dev/network prod/network"),
        (("p*",), "prod/app prod/eu/db prod/network"),
        (("{dev,prod}/app",), "dev/app prod/app"),
        (("stacks/net*",), "dev/network prod/network"),
        (("prod", "!prod/eu/*"), "prod/app prod/network"),
        (("!prod",), "dev/app dev/network"),
        (("dev/app", "prod/network"), "dev/app prod/network"),
    ],
)
def test_each_form_means_what_it_says(selectors: tuple[str, ...], meant: str) -> None:
    assert chosen(*selectors) == meant


def test_a_path_is_relative_to_where_one_stands() -> None:
    assert chosen(".", here="stacks/app") == "dev/app prod/app"
    assert chosen("../network", here="stacks/app") == "dev/network prod/network"


def test_options_narrow_and_the_graph_widens() -> None:
    assert chosen(tags=("team-a",)) == "dev/app prod/app"
    assert chosen("prod", engines=("opentofu",)) == "prod/eu/db"
    assert chosen("prod", stacks=("net*", "app")) == "prod/app prod/network"
    assert chosen("dev/network", with_dependents=True) == "dev/app dev/network"
    assert chosen("dev/app", with_dependencies=True) == "dev/app dev/network"


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("prd", "did you mean `prod`?"),
        ("prod/netwrk", "did you mean `prod/network`?"),
        ("stacks/nope", "`stacks/app`"),
        ("network", "`stacks/network` means it everywhere"),
        ("./nowhere", "`./stacks/app`"),
        ("../outside", "`./stacks/app`"),
        ("environments/prd.yaml", "environments are: `dev`, `prod`"),
        ("", "`dev`, `prod`"),
    ],
)
def test_what_matches_nothing_lists_what_there_is(selector: str, said: str) -> None:
    with pytest.raises(AskedWrongly) as error:
        chosen(selector)
    (problem,) = error.value.diagnostics
    assert problem.code == "selector-unmatched"
    assert said in problem.hint


def test_what_can_be_read_two_ways_is_said() -> None:
    targets = {
        **TARGETS,
        named("dev/x"): target_of("dev/x", directory="stacks/y"),
        named("dev/y"): target_of("dev/y", directory="live/y"),
    }
    with pytest.raises(AskedWrongly) as error:
        select(SelectionRequest(selectors=("stacks/y",)), targets, {})
    assert error.value.diagnostics[0].code == "selector-ambiguous"


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(AskedWrongly) as error:
        chosen("nope", "prod", "!never")
    assert len(error.value.diagnostics) == 2


def test_a_narrowing_to_nothing_is_a_mistake() -> None:
    with pytest.raises(AskedWrongly) as error:
        chosen("prod", tags=("team-b",))
    assert "team-a" in error.value.diagnostics[0].hint


def test_up_wants_one_environment() -> None:
    request = SelectionRequest(selectors=("*/app",))
    with pytest.raises(AskedWrongly):
        one_environment(TARGETS, request, "up")
    one_environment(TARGETS, SelectionRequest(all_environments=True), "up")


def test_only_the_very_name_names_a_held_target() -> None:
    assert is_named(named("prod/app"), SelectionRequest(selectors=("prod/app",)))
    assert not is_named(named("prod/app"), SelectionRequest(selectors=("prod", "prod/a*")))


@given(st.text(max_size=30))
def test_no_selector_ends_in_a_traceback(text: str) -> None:
    with suppress(AskedWrongly):
        assert chosen(text) in ALL or " " in chosen(text)
