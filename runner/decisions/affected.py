"""Which targets a change touches, each with its because: closures at two commits, compared.

Never a wrong empty answer. What cannot be told widens: a closure that is not whole counts as changed, and says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct, field
from msgspec.structs import replace

from runner.decisions.closure import Code
from runner.decisions.closure_difference import Difference, Reading, differences, too_large
from runner.decisions.departed import departures
from runner.decisions.edges import Edge
from runner.decisions.gathering import MOST_ITEMS
from runner.decisions.setting_difference import setting_differences
from runner.decisions.terraform_closure import closure_of
from runner.kit.dag import reversed_edges
from runner.model.environment import Gates, Wishes
from runner.model.names import TargetName
from runner.model.stack import EngineName
from runner.model.target import Target

MOST_DIFFERENCES = 100
"""As many are told of one target; the rest is counted."""


class Reason(StrEnum):
    """How a change touches a target. `orphan`: it is no longer wished for; `dependent`: it needs one that is
    touched, whose outputs may come out otherwise."""

    CHANGED = "changed"
    BORN = "born"
    RENAMED = "renamed"
    ORPHAN = "orphan"
    DEPENDENT = "dependent"


class Affected(Struct, frozen=True, kw_only=True):
    """`because` has one sentence a difference, the first says most; `hint` the lines to add, for an orphan;
    `differences` are what the sentences were made of; `through` the need by which it reaches a dependent."""

    target: TargetName
    reason: Reason
    because: tuple[str, ...]
    hint: str = ""
    differences: tuple[Difference, ...] = ()
    through: TargetName | None = None


class Side(Struct, frozen=True, kw_only=True):
    """What one commit says: its targets, wishes and gates, each by its own files, and its code. `foreign`: directories
    that another orchestrator owns; `most_items`: as many a closure may have (`limits.tree_files`)."""

    targets: Mapping[TargetName, Target]
    wishes: Mapping[str, Wishes]
    gates: Mapping[str, Gates]
    code: Code
    foreign: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    most_items: int = MOST_ITEMS


def affected(
    before: Side,
    after: Side,
    changed: Collection[str],
    *,
    among: Collection[TargetName] | None = None,
    renames: Mapping[str, str] | None = None,
) -> dict[TargetName, Affected]:
    """Every target that the step from `before` to `after` touches. `changed`: the paths that differ; `among`: those
    whose closures may differ at all (None: any); `renames`: Git's guesses, old path -> new, for proposals only."""
    found: dict[TargetName, Affected] = {}
    predecessors: set[TargetName] = set()
    for name, target in after.targets.items():
        old = before.targets.get(name)
        row: Affected | None = None
        if target.stack.renamed_from and (old is None or old.stack.renamed_from != target.stack.renamed_from):
            predecessor = TargetName(environment=name.environment, stack=target.stack.renamed_from)
            row = _renamed(target, predecessor, before, after, changed)
            predecessors.add(predecessor)
        elif old is None:
            row = Affected(target=name, reason=Reason.BORN, because=(_birth(target, before, changed),))
        elif among is None or name in among:
            row = _changed(old, target, before, after, changed)
        if row is not None:
            found[name] = row
    gone = before.targets.keys() - after.targets.keys() - predecessors
    for leaving in departures(gone, before, after, changed, renames or {}):
        found[leaving.target] = Affected(
            target=leaving.target, reason=Reason.ORPHAN, because=(leaving.because,), hint=leaving.hint
        )
    return {name: found[name] for name in sorted(found)}


def every_target(after: Side, because: str) -> dict[TargetName, Affected]:
    """All targets as changed: nothing can be compared with."""
    return {
        name: Affected(target=name, reason=Reason.CHANGED, because=(because,))
        for name in sorted(after.targets)
    }


def with_dependents(
    found: Mapping[TargetName, Affected], edges: Mapping[TargetName, tuple[Edge, ...]]
) -> dict[TargetName, Affected]:
    """`found`, and every target that needs one of them, directly or through others."""
    users = reversed_edges({name: [edge.target for edge in some] for name, some in edges.items()})
    whole = dict(found)
    pending = [name for name in found if name in edges]
    for need in pending:
        for user in sorted(users.get(need, ())):
            if user in whole:
                continue
            edge = next(each for each in edges[user] if each.target == need)
            because = f"it needs `{need}`, which is {_word(whole[need])}: {edge.because}"
            whole[user] = Affected(target=user, reason=Reason.DEPENDENT, because=(because,), through=need)
            pending.append(user)
    return {name: whole[name] for name in sorted(whole)}


def united(
    one: Mapping[TargetName, Affected], other: Mapping[TargetName, Affected]
) -> dict[TargetName, Affected]:
    """What either comparison found, each because once."""
    whole = dict(one)
    for name, row in other.items():
        before = whole.get(name)
        whole[name] = (
            row
            if before is None
            else replace(
                before,
                because=tuple(dict.fromkeys((*before.because, *row.because))),
                differences=tuple(dict.fromkeys((*before.differences, *row.differences))),
            )
        )
    return {name: whole[name] for name in sorted(whole)}


def _word(row: Affected) -> str:
    return "touched itself" if row.reason is Reason.DEPENDENT else str(row.reason)


def _changed(
    old: Target, target: Target, before: Side, after: Side, changed: Collection[str]
) -> Affected | None:
    told = tuple(_differences(old, target, before, after, changed))
    if not told:
        return None
    return Affected(
        target=target.name,
        reason=Reason.CHANGED,
        because=_sentences(told),
        differences=told[:MOST_DIFFERENCES],
    )


def _sentences(told: tuple[Difference, ...]) -> tuple[str, ...]:
    rest = len(told) - MOST_DIFFERENCES
    return (*map(str, told[:MOST_DIFFERENCES]), *((f"and {rest:,} more differences",) if rest > 0 else ()))


def _differences(
    old: Target, target: Target, before: Side, after: Side, changed: Collection[str]
) -> Iterator[Difference]:
    one, other = before.gates[old.name.environment], after.gates[target.name.environment]
    tofu = target.stack.engine.name is EngineName.OPENTOFU
    was_tofu = old.stack.engine.name is EngineName.OPENTOFU
    closures = (
        closure_of(old, one, before.code, most_items=before.most_items),
        closure_of(target, other, after.code, most_items=after.most_items),
    )
    yield from differences(
        Reading.of(closures[0], before.code, opentofu=was_tofu),
        Reading.of(closures[1], after.code, opentofu=tofu),
        opentofu=tofu,
    )
    yield from setting_differences((old, one, closures[0]), (target, other, closures[1]), changed)
    if any(map(too_large, closures)) and changed:
        directory = target.stack.directory
        yield Difference(
            subject=directory, what="counts as changed", because="what it reads is more than can be compared"
        )


def _renamed(
    target: Target, predecessor: TargetName, before: Side, after: Side, changed: Collection[str]
) -> Affected:
    old = before.targets.get(predecessor) or before.targets.get(target.name)
    line = f"`renamed_from: {predecessor.stack}` in {target.stack.directory}/stack.yaml"
    if predecessor in after.targets:
        said = f"{line}, but `{predecessor}` is still wished for"
    else:
        said = f"{line}: the state of `{predecessor}` becomes its own"
    told = tuple(_differences(old, target, before, after, changed)) if old is not None else ()
    because = (said, *_sentences(told))
    return Affected(
        target=target.name, reason=Reason.RENAMED, because=because, differences=told[:MOST_DIFFERENCES]
    )


def _birth(target: Target, before: Side, changed: Collection[str]) -> str:
    environment, directory = target.name.environment, target.stack.directory
    if not any(name.environment == environment for name in before.targets):
        return f"the environment `{environment}` is new, and wishes for `{directory}`"
    if not any(each.stack.directory == directory for each in before.targets.values()):
        return f"the stack `{directory}` is new"
    files = [path for path in (f"environments/{environment}.yaml", "runner.yaml") if path in changed]
    return f"`{environment}` wishes for `{directory}` now" + (f" ({', '.join(files)})" if files else "")
