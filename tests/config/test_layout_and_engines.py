"""Which directories are stacks, in which environment, under which name; and which engine each wants."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.config.branches import branches_of, default_branch
from runner.config.layout import compiled
from runner.config.members import is_member
from runner.config.proposals import proposed
from runner.diagnostics import Severity
from runner.kit.tree import DictTree
from runner.model.environment import StateBackend
from runner.model.stack import EngineName, EngineWish
from tests.config.believing import STACKS, believe, mistakes


@pytest.mark.parametrize(
    ("pattern", "directory", "name", "environment", "captures"),
    [
        ("stacks/{stack}", "stacks/app", "app", "", {}),
        ("live/{environment}/{region}/{stack*}", "live/prod/eu/a/b", "eu/a/b", "prod", {"region": "eu"}),
        ("live/{environment}/{stack}", "live/prod/app", "app", "prod", {}),
        ("infra/{stack}/{environment}", "infra/net/dev", "net", "dev", {}),
        ("env-{environment}/{stack}", "env-dev/app", "app", "dev", {}),
        ("environments/{environment}", "environments/dev", "root", "dev", {}),
        ("live/{environment}/core", "live/dev/core", "core", "dev", {}),
        (".", ".", "root", "", {}),
        ("infra", "infra", "infra", "", {}),
    ],
)
def test_a_path_says_name_environment_and_the_rest(
    pattern: str, directory: str, name: str, environment: str, captures: dict[str, str]
) -> None:
    placed = compiled(pattern).placed(directory)
    assert placed
    assert (placed.name, placed.environment, placed.captures) == (name, environment, captures)


@pytest.mark.parametrize("directory", ["stacks", "stacks/a/b", "other/a", "stacksx/a"])
def test_a_pattern_passes_other_paths_by(directory: str) -> None:
    assert compiled("stacks/{stack}").placed(directory) is None


@given(st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,5}", fullmatch=True), min_size=1, max_size=4))
def test_several_segments_are_one_name(parts: list[str]) -> None:
    placed = compiled("live/{environment}/{stack*}").placed("/".join(["live", "prod", *parts]))
    assert placed
    assert placed.name == "/".join(parts)


def test_a_layout_directory_makes_an_environment_and_ties_its_stacks_to_it() -> None:
    believed = believe(
        {
            "runner.yaml": 'layout: ["live/{environment}/{region}/{stack}", "stacks/{stack}"]\n',
            "live/prod/eu/app/main.tf": "",
            "live/dev/eu/app/main.tf": "",
            "stacks/dns/main.tf": "",
            "environments/prod.yaml": "inputs: {size: 3}\n",
        }
    )
    assert [str(name) for name in believed.targets] == ["dev/eu/app", "dev/dns", "prod/eu/app", "prod/dns"]
    target = next(iter(believed.targets.values()))
    assert target.environment_inputs["region"].value == "eu"
    assert target.tags == {"region:eu"}
    assert believed.environments["dev"].branch == "main"
    assert believed.unknown == frozenset()


def test_modules_and_hidden_directories_are_no_stacks() -> None:
    files = {
        f"live/{path}/main.tf": ""
        for path in ("app", "app/modules/vpc", "app/.terraform/modules/x", "a/nested")
    }
    believed = believe({"runner.yaml": 'layout: ["live/{stack*}"]\n', "environments/dev.yaml": "", **files})
    assert {stack.name for stack in believed.stacks} == {"app", "a/nested"}


@pytest.mark.parametrize("sign", ["terragrunt.hcl", "stack.tm.hcl", "cdktf.json"])
def test_another_orchestrators_directory_is_no_stack_and_is_named(sign: str) -> None:
    believed = believe({**STACKS, "environments/dev.yaml": "", f"stacks/app/{sign}": ""})
    assert "app" not in {stack.name for stack in believed.stacks}
    (warning,) = believed.warnings
    assert (warning.code, warning.severity) == ("foreign-orchestrator", Severity.WARNING)
    assert str(warning.span) == f"stacks/app/{sign}:1:1"
    (found,) = mistakes({**STACKS, "environments/dev.yaml": "targets: {app: {}}\n", f"stacks/app/{sign}": ""})
    assert "belongs to" in found.hint


@pytest.mark.parametrize("name", ["Prod", "env", "a b", "_x"])
def test_a_directory_that_cannot_name_an_environment_is_a_mistake(name: str) -> None:
    files = {"runner.yaml": 'layout: ["live/{environment}/{stack}"]\n', f"live/{name}/app/main.tf": ""}
    assert [each.code for each in mistakes(files)] == ["environment-name-invalid"]


def engine_of(files: dict[str, str]) -> EngineWish:
    believed = believe({"environments/dev.yaml": "", "stacks/app/x.tf": "", **files})
    return believed.stacks[0].engine


def test_the_engine_is_found_from_the_files() -> None:
    assert engine_of({}) == EngineWish(name=EngineName.TERRAFORM)
    assert engine_of({"stacks/app/y.tofu": ""}).name is EngineName.OPENTOFU
    assert engine_of({".opentofu-version": "1.12.6\n"}).constraints == (("1.12.6", ".opentofu-version"),)
    assert engine_of({".tool-versions": "nodejs 20\nopentofu 1.9.0\n"}).name is EngineName.OPENTOFU
    assert (
        engine_of({".opentofu-version": "1.9.0", "stacks/.terraform-version": "1.5.7"}).name
        is EngineName.TERRAFORM
    )
    pulumi = believe({"environments/dev.yaml": "", "stacks/app/Pulumi.yaml": ""}).stacks[0].engine
    assert pulumi.name is EngineName.PULUMI


def test_the_nearest_version_file_counts_and_every_constraint_has_its_origin() -> None:
    wish = engine_of(
        {
            ".terraform-version": "1.4.0\n",
            "stacks/app/.terraform-version": "v1.5.7 # pinned\n",
            "stacks/app/stack.yaml": 'engine: {version: ">=1.5"}\n',
            "runner.yaml": 'engines: {terraform: {version: "~> 1.5", path: /opt/tf}}\n',
        }
    )
    assert wish.constraints == (
        (">=1.5", "stacks/app/stack.yaml"),
        ("1.5.7", "stacks/app/.terraform-version"),
        ("~> 1.5", "runner.yaml engines.terraform.version"),
    )
    assert (wish.path, wish.explicit) == ("/opt/tf", True)


def test_the_last_matching_glob_of_versions_replaces_the_version() -> None:
    written = 'engines: {terraform: {version: "~> 1.11", versions: {"stacks/**": "1.5.7", "stacks/app": "1.6.0"}}}\n'
    assert engine_of({"runner.yaml": written}).constraints[0][0] == "1.6.0"


@pytest.mark.parametrize(
    ("name", "globs", "member"),
    [
        ("app", ("*",), True), ("eu/app", ("*",), True), ("eu/app", ("eu/*",), True),
        ("legacy-x", ("*", "!legacy-*"), False),
        ("app", ("!legacy-*",), True), ("app", ("net*",), False), ("app", ("!app", "app"), False),
    ],
)  # fmt: skip
def test_globs_choose_members_and_exclusions_win(name: str, globs: tuple[str, ...], member: bool) -> None:
    assert is_member(name, globs) is member


@pytest.mark.parametrize(
    ("patterns", "branches"),
    [
        ({"env/{environment}": "{environment}"}, ("env/prod",)),
        ({"main": "prod", "env/{environment}": "{environment}"}, ("main",)),
        ({"r/{region}": "prod-{region}"}, ()),
        ({"a": "{environment}", "b": "{environment}"}, ("a", "b")),
    ],
)
def test_branches_are_given_to_environments(patterns: dict[str, str], branches: tuple[str, ...]) -> None:
    assert branches_of("prod", tuple(patterns.items())) == branches


def test_the_environments_own_branch_beats_the_pattern_and_the_default() -> None:
    files = {**STACKS, "runner.yaml": 'branches: {"env/{environment}": "{environment}"}\n'}
    files |= {"environments/prod.yaml": "branch: release\n", "environments/dev.yaml": ""}
    environments = believe(files).environments
    assert (environments["prod"].branch, environments["dev"].branch) == ("release", "env/dev")
    assert default_branch("", "main", ()) == "main"
    assert default_branch("trunk", "main", ("a",)) == "trunk"
    assert default_branch("", "", ("only",)) == "only"
    assert default_branch("", "", ("a", "b")) == ""


def test_a_backend_can_be_named_in_one_word_and_settings_of_the_environment_are_nearer() -> None:
    files = {
        **STACKS,
        "environments/dev.yaml": "state: git\n"
        "settings: {terraform: {workspace: dev, args: {plan: [-parallelism=1]}}}\n",
        "runner.yaml": "settings: {terraform: {workspace: all, var_files: [a],\n"
        "  args: {plan: [-parallelism=2], apply: [-parallelism=3]}}}\n",
    }
    gates = believe(files).environments["dev"]
    assert gates.state
    assert gates.state.backend is StateBackend.GIT
    assert (gates.terraform.workspace, gates.terraform.var_files) == ("dev", ("a",))
    assert gates.terraform.arguments == {"plan": ("-parallelism=1",), "apply": ("-parallelism=3",)}


@pytest.mark.parametrize(
    ("paths", "layout", "environments", "stacks"),
    [
        (["stacks/a", "stacks/b", "modules/x"], ("stacks/{stack}",), ("dev",), 2),
        (["live/prod/eu/net", "live/dev/app"], ("live/{environment}/{stack*}",), ("dev", "prod"), 2),
        (
            ["environments/prod", "environments/dev", "modules/v"],
            ("environments/{environment}",),
            ("dev", "prod"),
            2,
        ),
        (["terraform/a", "terraform/b"], ("terraform/{stack}",), ("dev",), 2),
        (["infra/net/dev", "infra/net/prod"], ("infra/{stack}/{environment}",), ("dev", "prod"), 2),
        (["."], (".",), ("dev",), 1),
        (["a", "b"], ("{stack}",), ("dev",), 2),
        ([], ("stacks/{stack}",), ("dev",), 0),
    ],
)
def test_a_layout_is_proposed_that_finds_what_is_there(
    paths: list[str], layout: tuple[str, ...], environments: tuple[str, ...], stacks: int
) -> None:
    files = {path.removeprefix("./") + "/main.tf" if path != "." else "main.tf": "" for path in paths}
    proposal = proposed(DictTree(files))
    assert (proposal.layout, proposal.environments) == (layout, environments)
    assert (proposal.stacks, proposal.rest) == (stacks, ())
    believed = believe({**files, **proposal.files})
    assert len(believed.stacks) == stacks
    assert set(believed.environments) == set(environments)
