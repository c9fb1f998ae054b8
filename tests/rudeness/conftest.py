"""Scenes for rude tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checkout import Checkout
from tests.program import Program
from tests.rudeness.scene import GATED, QUICK, Scene, scene_of


@pytest.fixture
def scene(repository: Checkout, run_runner: Program, tmp_path: Path, terraform_binary: Path) -> Scene:
    """A target that applies as fast as it can."""
    return scene_of(repository, run_runner, tmp_path / "gates", stack=QUICK)


@pytest.fixture
def gated(
    repository: Checkout, run_runner: Program, tmp_path: Path, terraform_binary: Path
) -> Callable[..., Scene]:
    """A target whose apply waits in the middle for a file; `gated(settings=...)`."""

    def made(settings: str = "") -> Scene:
        return scene_of(repository, run_runner, tmp_path / "gates", stack=GATED, settings=settings)

    return made
