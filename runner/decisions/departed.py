"""Targets that one commit wished for and the next does not: because of what, and which lines end them properly."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from msgspec import Struct

from runner.decisions.lookup import Files
from runner.model.environment import Wishes
from runner.model.names import TargetName
from runner.model.target import Target


class Wished(Protocol):
    """What one commit wishes for, and its tree."""

    @property
    def targets(self) -> Mapping[TargetName, Target]: ...
    @property
    def wishes(self) -> Mapping[str, Wishes]: ...
    @property
    def foreign(self) -> Mapping[str, str]: ...
    @property
    def code(self) -> Files: ...


class Departure(Struct, frozen=True, kw_only=True):
    """A target that is an orphan now, if it is live. `hint`: what to add, or what is proposed."""

    target: TargetName
    because: str
    hint: str


def departures(
    gone: Collection[TargetName],
    before: Wished,
    after: Wished,
    changed: Collection[str],
    renames: Mapping[str, str],
) -> Iterator[Departure]:
    """Those of `gone`, and those whose `removed:` line is new, in order. `renames` are Git's guesses."""
    ending = {
        TargetName(environment=environment, stack=stack): fate
        for environment, own in after.wishes.items()
        for stack, fate in own.removed.items()
    }
    earlier = {
        TargetName(environment=environment, stack=stack): fate
        for environment, own in before.wishes.items()
        for stack, fate in own.removed.items()
    }
    told = {name for name, fate in ending.items() if earlier.get(name) != fate}
    for name in sorted({*gone, *told}):
        if name in ending:
            because = f"`removed:` of `{name.environment}` says {ending[name]}"
            yield Departure(target=name, because=because, hint="")
            continue
        target = before.targets[name]
        because = _because(target, after, changed)
        yield Departure(target=name, because=because, hint=_hint(target, after, renames))


def _because(target: Target, after: Wished, changed: Collection[str]) -> str:
    environment, directory = target.name.environment, target.stack.directory
    file = f"environments/{environment}.yaml"
    if directory in after.foreign:
        return f"`{directory}` belongs to {after.foreign[directory]} now"
    if after.code.node(directory) is None:
        return f"`{directory}` is gone"
    if after.code.node(file) is None and file in changed:
        return f"`{file}` is gone"
    if not any(each.stack.directory == directory for each in after.targets.values()):
        return f"`{directory}` is no stack any more"
    return f"`stacks:` of `{environment}` leaves it out"


def _hint(target: Target, after: Wished, renames: Mapping[str, str]) -> str:
    environment, stack = target.name.environment, target.name.stack
    lines = f"add to environments/{environment}.yaml: `removed: {{{stack}: destroy}}` (or `forget`)"
    heir = _heir(target, after, renames)
    if heir is None:
        return f"{lines}; or bring the stack back"
    place = f"{heir.stack.directory}/stack.yaml"
    return f"is it `{heir.name}` now? then write `renamed_from: {stack}` into {place}; else {lines}"


def _heir(target: Target, after: Wished, renames: Mapping[str, str]) -> Target | None:
    """The stack of the same environment into whose directory most of the old one's files seem to have gone."""
    directory = target.stack.directory
    places = Counter(
        posixpath.dirname(new) or "."
        for old, new in renames.items()
        if (posixpath.dirname(old) or ".") == directory
    )
    here = {
        each.stack.directory: each
        for name, each in after.targets.items()
        if name.environment == target.name.environment
    }
    return next((here[place] for place, _ in places.most_common() if place in here), None)
