"""kill -9 at every happening of an apply, and at random instants: the next command goes on, and nothing is lost."""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from tests.nets.soak import IN_FULL, Round
from tests.rudeness.scene import Scene, Watched

BOTH = pytest.mark.parametrize("engines", [False, True], ids=["the-runner", "and-all-it-started"])


@pytest.mark.soak
@BOTH
def test_a_run_killed_at_any_happening_is_gone_on_with_and_loses_nothing(scene: Scene, engines: bool) -> None:
    scene.run("up", "prod", "--yes")
    scene.wish("counted")
    counted = scene.start("up", "prod", "--yes")
    assert counted.finish() == 0
    handed_over: set[str] = set()
    for number in gaps(counted.kinds(), engines=engines):
        scene.wish(number)
        watched = scene.start("up", "prod", "--yes")
        if any(watched.line() is None for _ in range(number)):
            assert watched.end() == 0
            break
        watched.kill(engines=engines)
        handed_over |= gone_on(scene, watched)
    assert handed_over
    scene.all_is_told()


def gaps(kinds: list[str], *, engines: bool) -> list[int]:
    """After how many lines to kill. In a soak after each; else each way of killing takes every other gap of the apply,
    the other way takes the ones between, and before the apply, where nothing changes, a few will do."""
    if os.environ.get(IN_FULL) == "1":
        return list(range(1, len(kinds)))
    begins = kinds.index("target_progress announcing")
    return [*range(1 + engines, begins, 6), *range(begins + engines, len(kinds), 2)]


@BOTH
def test_a_run_killed_at_a_random_instant_is_gone_on_with_and_loses_nothing(
    scene: Scene, engines: bool, rounds: Callable[[int], Iterator[Round]]
) -> None:
    scene.run("up", "prod", "--yes")
    began = time.monotonic()
    scene.wish("measured")
    scene.run("up", "prod", "--yes")
    usual = time.monotonic() - began
    for turn in rounds(100):
        scene.wish(f"{turn.number}-{turn.seed}")
        watched = scene.start("up", "prod", "--yes")
        instant = time.monotonic() + random.Random(turn.seed).uniform(0.2, 1.0) * usual
        while time.monotonic() < instant and watched.line_before(instant):
            pass
        watched.kill(engines=engines)
        gone_on(scene, watched)
    scene.all_is_told()


def gone_on(scene: Scene, watched: Watched) -> set[str]:
    """Holds the next commands to law 8; the ids that were handed over before the kill."""
    told = scene.goes_on()
    named = {
        text for each in told for diagnostic in each.diagnostics for text in diagnostic["message"].split()
    }
    named = {word.strip(",;`") for word in named}
    ids = watched.applied_ids()
    with suppress(StopIteration):
        assert told[-1].outcomes["prod/slow"] in ("succeeded", "unchanged")
    # What this very apply made is live, was replaced by the apply that went on, or is named as unknown.
    replaced = {each["id"] for one in told for each in one.rows("applied") if each["action"] == "delete"}
    missing = ids - set(scene.ids().values()) - replaced - named
    assert not missing, f"lost: {missing}\n{watched.kinds()}"
    return ids
