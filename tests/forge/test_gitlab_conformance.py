"""What we say of GitLab keeps the promises of Forge, over a double that is held to GitLab's documentation."""

from collections.abc import Callable

import pytest

from runner.conformance.forge import CHECKS, ForgeBench
from tests.forge.double_bench import DoubleBench


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_gitlab_keeps_the_promise(gitlab: DoubleBench, check: Callable[[ForgeBench], None]) -> None:
    check(gitlab)
