"""The engines, one of each."""

from __future__ import annotations

import importlib
import os
import subprocess
from pathlib import Path

import pytest

from runner.conformance.engine import EngineBench
from runner.engine import Engine
from runner.engine.discovery import Discovery, EngineProgram
from runner.engine.terraform import TerraformEngine
from runner.model.stack import EngineIdentity, EngineName, EngineWish
from runner.wiring.clouds import bucket_of
from tests.engine.pulumi_bench import PulumiBench
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
        pytest.param("pulumi", marks=[pytest.mark.pulumi, pytest.mark.slow]),
    ]
)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """Each engine in turn."""
    cache = tmp_path / "cache"
    if request.param == "embedded":
        request.getfixturevalue("embedded_terraform")
        return TerraformEngine(found(cache, EngineName.TERRAFORM, None))
    name = EngineName(request.param)
    if name is EngineName.PULUMI:
        found_engine: Engine = request.getfixturevalue("pulumi_engine")
        return found_engine
    fixture = "terraform_binary" if name is EngineName.TERRAFORM else "tofu_binary"
    return TerraformEngine(found(cache, name, request.getfixturevalue(fixture)))


@pytest.fixture
def bench(engine: Engine, tmp_path: Path) -> EngineBench:
    """Each engine in a fresh place."""
    if engine.identity.name is EngineName.PULUMI:
        return PulumiBench(engine, tmp_path)
    return TerraformBench(engine, tmp_path)


@pytest.fixture
def pulumi_engine(pulumi_binary: Path) -> Engine:
    """Pulumi, by the class that conducts it; imported here, where the CLI and the SDK are known to be there."""
    said = subprocess.run([pulumi_binary, "version"], capture_output=True, check=True, text=True)
    identity = EngineIdentity(
        name=EngineName.PULUMI, version=said.stdout.strip().removeprefix("v"), origin="named"
    )
    conductor = importlib.import_module("runner.engine.pulumi").PulumiEngine
    made: Engine = conductor(EngineProgram(identity=identity, argv=(str(pulumi_binary),)), bucket=bucket_of)
    return made


@pytest.fixture
def pulumi(pulumi_engine: Engine, tmp_path: Path) -> PulumiBench:
    """Pulumi in a fresh place."""
    return PulumiBench(pulumi_engine, tmp_path)


@pytest.fixture
def terraform(terraform_binary: Path, tmp_path: Path) -> TerraformBench:
    """Terraform on PATH in a fresh place."""
    assert os.access(terraform_binary, os.X_OK)
    return TerraformBench(
        TerraformEngine(found(tmp_path / "cache", EngineName.TERRAFORM, terraform_binary)), tmp_path
    )
