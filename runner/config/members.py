"""Which stacks live in which environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from runner.model.stack import Stack


def is_member(name: str, globs: Sequence[str]) -> bool:
    """Whether a stack's name is chosen: by a glob (all, when only exclusions are written) and by no `!glob`. `*`
    crosses slashes: `eu/*` is all of `eu`."""
    if tuple(globs) == ("*",):
        return True
    excluded = [glob[1:] for glob in globs if glob.startswith("!")]
    chosen = [glob for glob in globs if not glob.startswith("!")] or ["*"]
    return any(fnmatchcase(name, glob) for glob in chosen) and not any(
        fnmatchcase(name, glob) for glob in excluded
    )


def members_of(globs: Mapping[str, Sequence[str]], stacks: Iterable[Stack]) -> dict[str, tuple[Stack, ...]]:
    """The stacks of each environment, whose `globs` these are: those that the layout ties to it or to none, and that
    its globs choose."""
    members: dict[str, list[Stack]] = {name: [] for name in globs}
    for stack in stacks:
        for name in (stack.environment,) if stack.environment else globs:
            if name in members and is_member(stack.name, globs[name]):
                members[name].append(stack)
    return {name: tuple(some) for name, some in members.items()}


def unmet(globs: Sequence[str], names: Iterable[str]) -> tuple[int, ...]:
    """The positions of names written plainly that no stack has: mistakes, while a glob may match nothing."""
    known = set(names)
    return tuple(
        position
        for position, glob in enumerate(globs)
        if not any(mark in glob for mark in "*?[") and glob.removeprefix("!") not in known
    )


def stacks_by_environment(targets: Mapping[str, Iterable[Stack]]) -> dict[str, frozenset[str]]:
    """The names of each environment's stacks."""
    return {environment: frozenset(stack.name for stack in stacks) for environment, stacks in targets.items()}
