"""What we say of GitHub keeps the promises of Forge, over a double that is held to GitHub's published description."""

from collections.abc import Callable

import pytest

from runner.conformance.forge import CHECKS, ForgeBench
from tests.forge.double_bench import DoubleBench


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_github_keeps_the_promise(github: DoubleBench, check: Callable[[ForgeBench], None]) -> None:
    check(github)
