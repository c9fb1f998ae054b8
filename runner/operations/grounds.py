"""By which gates a merged change is judged (law 2): those of right before it, so that none can open its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import reduce

from msgspec import Struct

from runner.errors import AskedWrongly
from runner.forge import Forge
from runner.git.repository import Repository
from runner.model.environment import Gates
from runner.model.names import TargetName
from runner.operations.bench import Bench
from runner.operations.survey import Law, Survey, gates_of, law_at
from runner.operations.unapplied import Arrived, Branch, arrived


class Ground(Struct, frozen=True, kw_only=True):
    """Targets that are planned under the same law, and how each came to be behind. `gates` of their environments say
    what is asked before an apply."""

    law: Law
    forge: Forge
    gates: Mapping[str, Gates]
    arrived: Mapping[TargetName, Arrived]


def grounds_of(
    bench: Bench,
    whole: Survey,
    now: Law,
    branch: Branch,
    behind: Collection[TargetName],
    upstream: Mapping[TargetName, Arrived],
) -> tuple[Ground, ...]:
    """The grounds of all that is behind on a branch, the oldest first. `now`: the default branch's tip. What has not
    changed itself came with what it reads of: `upstream`, as this run has applied it. NoAnswer of the forge."""
    by_law: dict[str, dict[TargetName, Arrived]] = {}
    found = arrived(bench, whole, branch, behind)
    for name in [name for name, each in found.items() if not each.before]:
        read = [upstream[edge.target] for edge in whole.edges.get(name, ()) if edge.target in upstream]
        found[name] = next((each for each in read if each.before), found[name])
    for environment in sorted({name.environment for name in behind}):
        mine = {name: each for name, each in found.items() if name.environment == environment}
        befores = {each.before for each in mine.values() if each.before}
        oldest = _oldest(bench.tools.repository, befores) if befores else now.commit
        law = oldest if branch.name == now.gates.default_branch else now.commit
        by_law.setdefault(law, {}).update(mine)
    grounds = [
        _ground(bench, whole, branch, law_at(bench, law, now) if law != now.commit else now, mine)
        for law, mine in by_law.items()
    ]
    return tuple(sorted(grounds, key=lambda each: each.law.commit == now.commit))


def _ground(
    bench: Bench, whole: Survey, branch: Branch, law: Law, mine: Mapping[TargetName, Arrived]
) -> Ground:
    gates: dict[str, Gates] = {}
    for name, each in mine.items():
        own = law.gates.environments.get(name.environment)
        if not each.before and (former := _former(bench, whole, name, law)):
            own = former
        gates.setdefault(name.environment, own or gates_of(whole, name.environment))
    return Ground(law=law, forge=branch.forge, gates=gates, arrived=mine)


def _former(bench: Bench, whole: Survey, name: TargetName, law: Law) -> Gates | None:
    """Where nothing but gates has changed, those under which the target was applied last: a change of gates does not
    open itself."""
    live = whole.record.ledger.live(name.environment).get(name.stack)
    if live is None or live.good is None:
        return None
    try:
        return law_at(bench, live.good.law, law).gates.environments.get(name.environment)
    except AskedWrongly:
        return None


def _oldest(repository: Repository, commits: Iterable[str]) -> str:
    return reduce(lambda one, other: one if repository.is_ancestor(one, other) else other, sorted(commits))
