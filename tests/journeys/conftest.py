"""Stages: repositories of infrastructure in which the program is run."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.checkout import Checkout, new_clone
from tests.journeys.codes import ONE, THREE
from tests.journeys.pulumi_codes import pulumi_stage
from tests.journeys.stage import Files, Stage, path_with, without_engines
from tests.journeys.tour_codes import Codes, PulumiCodes, TerraformCodes
from tests.program import Program

Setting = Callable[[Files], Stage]


@pytest.fixture
def setting(repository: Checkout, run_runner: Program, terraform_binary: Path) -> Setting:
    """`setting({path: text})`: a stage on which these files are committed and pushed."""

    def made(files: Files) -> Stage:
        stage = Stage(clone=repository, program=run_runner)
        stage.change(files, "begin")
        repository.git("remote", "set-head", "origin", "main")
        return stage

    return made


@pytest.fixture
def three(setting: Setting) -> Stage:
    """`prod` with `network`, and `app` and `database` that need its outputs; nothing is applied."""
    return setting(THREE)


@pytest.fixture
def one(setting: Setting) -> Stage:
    """`prod` with `network`; nothing is applied."""
    return setting(ONE)


@pytest.fixture
def programs(
    repository: Checkout, run_runner: Program, pulumi_binary: Path, terraform_binary: Path
) -> Setting:
    """As `setting`, for repositories with programs of Pulumi; skipped where there is none."""
    return lambda files: pulumi_stage(repository, run_runner, pulumi_binary, files)


@pytest.fixture
def colleague(git_remote: Path, tmp_path: Path, run_runner: Program) -> Callable[[Stage], Stage]:
    """`colleague(stage)`: another person with a clone of the same remote, and with the keys of the first."""

    def made(stage: Stage) -> Stage:
        clone = new_clone(git_remote, tmp_path / "colleague", person="Grace Example")
        key = stage.clone.path / ".git/runner/key"
        if key.exists():
            (clone.path / ".git/runner").mkdir(mode=0o700)
            copy = clone.path / ".git/runner/key"
            copy.touch(mode=0o600)
            copy.write_bytes(key.read_bytes())
        return Stage(clone=clone, program=run_runner, environment=stage.environment)

    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One of them: `origin` is where it comes from, `environment` that in which it is found, `codes` what it runs."""

    name: str
    origin: str
    environment: Mapping[str, str]
    codes: Codes = field(default_factory=TerraformCodes)

    def wish(self, stack: str) -> Files:
        """What makes a stack ask for it."""
        return (
            {}
            if self.name in ("terraform", "pulumi")
            else {f"stacks/{stack}/stack.yaml": f"engine: {{name: {self.name}}}\n"}
        )


@pytest.fixture(params=("terraform", "embedded", "opentofu"))
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """Each engine that runs Terraform's code."""
    return _engine(request, tmp_path)


@pytest.fixture(
    params=(
        "terraform",
        "embedded",
        "opentofu",
        pytest.param("pulumi", marks=[pytest.mark.pulumi, pytest.mark.slow]),
    )
)
def any_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """Each engine that there is."""
    return _engine(request, tmp_path)


def _engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    if request.param == "pulumi":
        cli: Path = request.getfixturevalue("pulumi_binary")
        path = os.pathsep.join([str(cli.parent), without_engines()])
        return Engine(name="pulumi", origin="PATH", environment={"PATH": path}, codes=PulumiCodes())
    if request.param == "embedded":
        request.getfixturevalue("embedded_terraform")
        return Engine(name="terraform", origin="embedded", environment={"PATH": without_engines()})
    fixture, program = {"terraform": ("terraform_binary", "terraform"), "opentofu": ("tofu_binary", "tofu")}[
        request.param
    ]
    binary: Path = request.getfixturevalue(fixture)
    return Engine(name=request.param, origin="PATH", environment=path_with(binary, program, tmp_path / "bin"))
