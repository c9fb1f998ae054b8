"""Colours, for terminals only: the one door of the command line that knows rich."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TextIO

from rich.console import Console

from runner.report.progress import Progress
from runner.report.styled import Line
from runner.report.terminal import LiveRun, painted


def paint(stream: TextIO, lines: Iterable[Line]) -> None:
    """Writes `lines` to a terminal in colours; a long line is the terminal's to wrap, so that it can be copied."""
    Console(file=stream, highlight=False, markup=False).print(painted(lines), soft_wrap=True)


def drawing(
    stream: TextIO, progress: Callable[[], Progress], now: Callable[[], float], colored: bool
) -> LiveRun:
    """A run drawn on `stream`."""
    return LiveRun(Console(file=stream, highlight=False, markup=False, no_color=not colored), progress, now)
