"""The real Gitea, and what we say of it, keep the promises of Forge."""

from collections.abc import Callable

import pytest

from runner.conformance.forge import CHECKS, ForgeBench
from tests.forge.gitea_bench import GiteaBench


@pytest.mark.gitea
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_gitea_keeps_the_promise(gitea: GiteaBench, check: Callable[[ForgeBench], None]) -> None:
    check(gitea)
