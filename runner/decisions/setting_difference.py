"""Which keys of the configuration that reach a target differ between two commits, each with where it is written."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from runner.decisions.closure import Closure, ItemKind
from runner.decisions.closure_difference import Difference
from runner.model.environment import Gates
from runner.model.references import Input
from runner.model.target import Target


def setting_differences(
    before: tuple[Target, Gates, Closure],
    after: tuple[Target, Gates, Closure],
    changed: Collection[str],
) -> Iterator[Difference]:
    """`changed` are the paths that differ: they tell which file a key that carries no place of its own came from."""
    kinds = (ItemKind.SETTING, ItemKind.VERSION)
    old = {item.name: item for item in before[2].items if item.kind in kinds}
    new = {item.name: item for item in after[2].items if item.kind in kinds}
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name), new.get(name)
        if one is not None and other is not None and one.id == other.id:
            continue
        what = "changed" if one and other else "added" if other else "removed"
        item = other or one
        assert item is not None
        where = "" if item.kind is ItemKind.VERSION else _place(name, before[0], after[0], changed)
        yield Difference(subject=name, what=f"{what}{where}", because=item.because)


def _place(name: str, before: Target, after: Target, changed: Collection[str]) -> str:
    """` in FILE:LINE:COLUMN` for an input; else in the configuration files that differ, and could say it."""
    if name.startswith("inputs."):
        word = name.removeprefix("inputs.")
        given = _given(after, word) or _given(before, word)
        return f" in {given.span}" if given is not None and given.span is not None else ""
    if name == "engine":
        old, new = set(before.stack.engine.constraints), set(after.stack.engine.constraints)
        origins = sorted({origin for _, origin in old ^ new})
        if origins:
            return f" in {', '.join(origins)}"
    return _files(after, changed)


def _given(target: Target, name: str) -> Input | None:
    return target.inputs.get(name) or target.environment_inputs.get(name)


def _files(target: Target, changed: Collection[str]) -> str:
    possible = (
        f"environments/{target.name.environment}.yaml",
        "runner.yaml",
        f"{target.stack.directory}/stack.yaml",
    )
    named = [path for path in possible if path in changed]
    return f" in {', '.join(named)}" if named else ""
