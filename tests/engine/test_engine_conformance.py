"""Every engine keeps the promises of Engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runner.conformance.engine import CHECKS, EngineBench


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_every_engine_keeps_the_promise(bench: EngineBench, check: Callable[[EngineBench], None]) -> None:
    check(bench)
