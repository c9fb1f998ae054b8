"""A bench for one command: everything that the verbs ask for, made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from runner.kit.clock import SystemClock
from runner.kit.stop import Stop
from runner.model.happening import Happening
from runner.operations.bench import Bench, Question
from runner.wiring.toolbox import Toolbox


def open_bench(
    directory: Path,
    *,
    tell: Callable[[Happening], None],
    ask: Callable[[Question], bool] | None,
    stop: Stop,
    variables: Mapping[str, str],
) -> Bench:
    """The bench for the repository that holds `directory`; the repository itself is opened when a verb needs it."""
    clock = SystemClock()
    tools = Toolbox(directory, variables, clock, tell)
    return Bench(tools=tools, clock=clock, stop=stop, tell=tell, ask=ask, variables=variables)
