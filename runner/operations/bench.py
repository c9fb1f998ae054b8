"""What a verb stands at: the tools, all behind protocols, and the two ways to reach the person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import Struct, field

from runner.kit.clock import Clock
from runner.kit.process import Stop
from runner.model.happening import Happening
from runner.model.plan import Plan
from runner.operations.tools import Tools


class Question(Struct, frozen=True, kw_only=True):
    """What is asked before anything changes. `expected` is what must be typed (`yes`, or the environment's name);
    `plans` have been told already."""

    verb: str
    environments: tuple[str, ...]
    plans: tuple[Plan, ...]
    expected: str
    text: str


class Bench(Struct, frozen=True, kw_only=True):
    """`tell` takes happenings from any thread, in order; `ask` is None where nobody can answer (no terminal).
    `variables` is the process's environment as it was at the start; `arguments` the command line, for the record."""

    tools: Tools
    clock: Clock
    stop: Stop
    tell: Callable[[Happening], None]
    ask: Callable[[Question], bool] | None = None
    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
