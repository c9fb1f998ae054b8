"""Writers at a remote that takes its time: one run with 40 targets, and 20 runs with one each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.scoreboard import Row, interleaved, seconds_of
from tests.bench.stacks_of import slow_stacks
from tests.bench.yard import RUNNER, cloned, place, published, run, slow, started, targets

TARGETS = 40
PUSH = 0.4
_LEEWAY = 1.05

RUNNERS = 20
TURN = 1.0
_PUSHES = 3  # of each run: its lease, its intent, its entry with the state
_STARVED = 2.0


def forty_applies() -> Iterator[Row]:
    """Applies of about a second each, to a remote whose pushes take 0.4 s, and to one whose pushes take nothing."""
    with place() as top:
        ours, other = interleaved(lambda: _applied(top / "slow", PUSH), lambda: _applied(top / "fast", 0), 2)
    must = (_LEEWAY * other + PUSH) / other
    yield Row(
        what="40 targets applied, 0.4 s a push", ours=ours, other=other, against="0 s a push", must=must
    )


def _applied(at: Path, seconds: float) -> float:
    stamp = at / str(time.monotonic_ns())
    stamp.mkdir(parents=True)
    origin = published(slow_stacks(TARGETS, 1.0), stamp)
    if seconds:
        slow(origin.remote, seconds)
    clone = cloned(origin, stamp / "clone")
    told: list[str] = []
    spent = seconds_of(lambda: told.append(run(*RUNNER, "up", "env/prod", "--yes", "--json", cwd=clone)))
    assert set(targets(told[0]).values()) == {"succeeded"}, targets(told[0])
    return spent


def twenty_runners() -> Iterator[Row]:
    """20 clones, each applying a target of its own in one environment, all at once."""
    with place() as top:
        origin = published(slow_stacks(RUNNERS, 0), top)
        clones = [cloned(origin, top / f"clone{number:02d}") for number in range(RUNNERS)]
        run(*RUNNER, "up", "prod/s00", "--yes", cwd=clones[0])  # opens the ledger
        slow(origin.remote, TURN)
        begun = time.perf_counter()
        words = [
            started(
                *RUNNER, "up", f"prod/s{number:02d}", "--replace", "terraform_data.thing", "--yes", cwd=clone
            )
            if number == 0
            else started(*RUNNER, "up", f"prod/s{number:02d}", "--yes", cwd=clone)
            for number, clone in enumerate(clones)
        ]
        with ThreadPoolExecutor(RUNNERS) as pool:
            ended = sorted(pool.map(lambda child: (child.wait(), time.perf_counter() - begun), words))
        failed = [
            (clone / ".git/told").read_text()
            for clone, word in zip(clones, words, strict=True)
            if word.returncode
        ]
    finished = sum(code == 0 for code, _ in ended)
    for text in failed:
        print(text[-2000:])
    last = max(seconds for _, seconds in ended)
    first = min(seconds for _, seconds in ended)
    yield Row(
        what=f"20 runners at once: {finished} finished",
        ours=RUNNERS / max(finished, 1),
        other=1,
        against="all of them",
        must=1,
        unit="x",
    )
    yield Row(
        what=f"their last (the first: {first:.1f} s)",
        ours=last,
        other=RUNNERS * _PUSHES * TURN,
        against=f"{RUNNERS * _PUSHES} pushes, 1 s each, in turn",
        must=_STARVED,
    )
