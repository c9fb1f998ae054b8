"""Large records."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.scoreboard import Row


def thousand_targets() -> Iterator[Row]:
    yield from ()


def large_records() -> Iterator[Row]:
    yield from ()


def growth() -> Iterator[Row]:
    yield from ()
