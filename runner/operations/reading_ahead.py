"""Reading the code of many targets in a few rounds instead of one by one."""

from __future__ import annotations

from collections.abc import Iterable

from runner.model.stack import EngineName
from runner.model.target import Target
from runner.source.known_code import KnownCode


def read_ahead(code: KnownCode, targets: Iterable[Target]) -> None:
    """Reads the code of `targets`, and what it calls."""
    by_engine: dict[EngineName, list[str]] = {}
    for target in targets:
        by_engine.setdefault(target.stack.engine.name, []).append(target.stack.directory)
    for engine, directories in by_engine.items():
        if engine is not EngineName.PULUMI:
            code.prefetch(directories, opentofu=engine is EngineName.OPENTOFU)
