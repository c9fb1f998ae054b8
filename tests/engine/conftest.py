"""The engines, one of each."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.engine.discovery import Discovery, EngineProgram
from runner.engine.terraform import TerraformEngine
from runner.model.stack import EngineName, EngineWish
from tests.engine.terraform_bench import TerraformBench


def found(cache: Path, name: EngineName, program: Path | None) -> EngineProgram:
    """The program as the runner itself finds it; None for the embedded one, which is found where PATH has none."""
    path = str(program) if program else ""
    return Discovery(cache, {"PATH": ""}).choose(EngineWish(name=name, path=path, explicit=bool(path)))


@pytest.fixture(
    params=[
        pytest.param("terraform", marks=pytest.mark.terraform),
        pytest.param("embedded", marks=pytest.mark.embedded),
        pytest.param("opentofu", marks=pytest.mark.opentofu),
    ]
)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> TerraformEngine:
    """Each engine in turn."""
    cache = tmp_path / "cache"
    if request.param == "embedded":
        request.getfixturevalue("embedded_terraform")
        return TerraformEngine(found(cache, EngineName.TERRAFORM, None))
    name = EngineName(request.param)
    fixture = "terraform_binary" if name is EngineName.TERRAFORM else "tofu_binary"
    return TerraformEngine(found(cache, name, request.getfixturevalue(fixture)))


@pytest.fixture
def bench(engine: TerraformEngine, tmp_path: Path) -> TerraformBench:
    """Each engine in a fresh place."""
    return TerraformBench(engine, tmp_path)


@pytest.fixture
def terraform(terraform_binary: Path, tmp_path: Path) -> TerraformBench:
    """Terraform on PATH in a fresh place."""
    assert os.access(terraform_binary, os.X_OK)
    return TerraformBench(
        TerraformEngine(found(tmp_path / "cache", EngineName.TERRAFORM, terraform_binary)), tmp_path
    )
