"""Writers at a remote that takes its time: one run with 40 targets, and 20 runs with one each."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.scoreboard import Row, interleaved, seconds_of
from tests.bench.stacks_of import slow_stacks
from tests.bench.written_ledgers import scribe
from tests.bench.yard import RUNNER, cloned, place, problems, published, run, slow, started, targets
from tests.checkout import git

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
    clone = cloned(origin, stamp / "clone")
    with scribe(clone) as writer:
        writer.open()  # once in an environment's life, and no part of the figure
    if seconds:
        slow(origin.remote, seconds)
    told: list[str] = []
    spent = seconds_of(lambda: told.append(run(*RUNNER, "up", "env/prod", "--yes", "--json", cwd=clone)))
    assert set(targets(told[0]).values()) == {"succeeded"}, targets(told[0])
    return spent


def twenty_runners() -> Iterator[Row]:
    """20 clones, each applying a target of its own in one environment, all at once."""
    with place() as top:
        turn, ended = _crowd(top)
    finished = sum(code == 0 for code, _ in ended)
    first, last = min(seconds for _, seconds in ended), max(seconds for _, seconds in ended)
    yield Row(
        what="20 runners at once",
        ours=RUNNERS,
        other=max(finished, 0.1),
        against="finished",
        must=1,
        unit="runs",
    )
    yield Row(
        what=f"their last (the first: {first:.1f} s)",
        ours=last,
        other=RUNNERS * _PUSHES * turn,
        against=f"{RUNNERS * _PUSHES} plain pushes in turn",
        must=_STARVED,
    )


def _crowd(top: Path) -> tuple[float, list[tuple[int, float]]]:
    """The seconds of one push before it began; exit code and seconds of each run. Those that did not finish say why."""
    origin = published(slow_stacks(RUNNERS + 1, 0), top)
    first, *clones = [cloned(origin, top / f"clone{number:02d}") for number in range(RUNNERS + 1)]
    run(*RUNNER, "up", "prod/s00", "--yes", cwd=first)  # opens the ledger
    slow(origin.remote, TURN)
    turn = min(seconds_of(lambda: _pushed(first)) for _ in range(3))
    begun = time.perf_counter()
    runs = [
        started(*RUNNER, "up", f"prod/s{number:02d}", "--yes", "--json", cwd=clone)
        for number, clone in enumerate(clones, start=1)
    ]
    with ThreadPoolExecutor(RUNNERS) as pool:
        ended = list(pool.map(lambda child: (child.wait(), time.perf_counter() - begun), runs))
    for clone, (code, _) in zip(clones, ended, strict=True):
        if code:
            print("\n".join(problems((clone / ".git" / "told").read_text())), file=sys.stderr)
    return turn, ended


def _pushed(clone: Path) -> None:
    git("push", "--quiet", "origin", f"HEAD:refs/bench/{time.monotonic_ns()}", cwd=clone)
