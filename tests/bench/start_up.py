"""`runner --help` imports nothing heavy."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.scoreboard import Row, interleaved, seconds_of
from tests.bench.yard import RUNNER, place, run


def start_up() -> Iterator[Row]:
    """Against what its one import costs."""
    with place() as top:
        ours, other = interleaved(lambda: _seconds(*RUNNER, "--help", at=top), lambda: _click(top), 15)
    yield Row(what="runner --help", ours=ours, other=other, against="python -c 'import click'", must=2.0)


def _click(at: Path) -> float:
    return _seconds(sys.executable, "-P", "-c", "import click", at=at)


def _seconds(*words: str, at: Path) -> float:
    return seconds_of(lambda: run(*words, cwd=at))
