"""Every store keeps the promises of StateStore."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runner.conformance.state_store import CHECKS, Place


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_every_store_keeps_the_promise(place: Place, check: Callable[[Place], None]) -> None:
    check(place)
