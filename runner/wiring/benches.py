"""A bench for one command: everything that the verbs ask for, made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from runner.git.command import Starter, started
from runner.kit.clock import SystemClock
from runner.kit.stop import Stop
from runner.model.happening import Happening
from runner.operations.bench import Bench, Question
from runner.wiring.toolbox import Toolbox

LAYER = "runner.git.layer"
"""GitPython's command layer. Its import takes 50 ms: a sixth of a `status`."""


def open_bench(
    directory: Path,
    *,
    tell: Callable[[Happening], None],
    ask: Callable[[Question], bool] | None,
    stop: Stop,
    variables: Mapping[str, str],
    changes: bool = True,
) -> Bench:
    """The bench for the repository that holds `directory`; the repository itself is opened when a verb needs it.
    `changes`: the verb has more to wait for than the import of GitPython."""
    clock = SystemClock()
    starter: Starter = import_module(LAYER).layered if changes else started
    tools = Toolbox(directory, variables, clock, tell, starter=starter)
    return Bench(tools=tools, clock=clock, stop=stop, tell=tell, ask=ask, variables=variables)
