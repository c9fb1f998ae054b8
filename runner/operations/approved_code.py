"""Whether what differs in the code of an approved plan was approved by itself (law 1): each commit since then came
through a pull request of its own, whose approval stands for what it showed, and which the forge merged as it was.

The last is looked at, not believed: a merge that somebody pushed can hold more than its pull request.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from msgspec import Struct

from runner.decisions.binding import differences, has_unknown
from runner.decisions.reverse_search import is_configuration
from runner.errors import AskedWrongly
from runner.forge import Forge
from runner.git.repository import Repository
from runner.model.names import TargetName
from runner.model.plan import Digests, Planned
from runner.operations.comparing import Comparing, step_paths
from runner.operations.request_reach import bring_head
from runner.operations.session import Session
from runner.operations.survey import gates_of
from runner.operations.unapplied import MOST_STEPS, Branch, Came, arrived_since, first_parents

_EXCUSED = frozenset({"code", "inputs"})


class ShownAndNow(Struct, frozen=True, kw_only=True):
    """A target's plan as it was shown on the pull request that it `came` by, and as it is now."""

    target: TargetName
    came: Came
    shown: Digests
    now: Digests
    planned: Planned


def code_approved(
    session: Session, forge: Forge, plan: ShownAndNow, by_itself: Callable[[Came], bool]
) -> bool:
    """`by_itself`: whether the approval of another pull request stands for what it showed. Only asked where it can
    matter. NoAnswer."""
    found = {each.name for each in differences(plan.shown, plan.now)}
    if not found or not found <= _EXCUSED or has_unknown(plan.planned):
        return False
    others = _others(session, forge, plan)
    if not others or ("inputs" in found and not _touch_inputs(session.bench.tools.repository, others)):
        return False
    every = (*others, plan.came)
    return all(_as_merged(session, forge, each) for each in every) and all(map(by_itself, others))


def _others(session: Session, forge: Forge, plan: ShownAndNow) -> tuple[Came, ...]:
    """The other pull requests by which the target changed since the head of this one left its branch; none where
    something came otherwise, or nobody can say."""
    whole, bench, pull = session.survey, session.bench, plan.came.pull
    repository = bench.tools.repository
    try:
        bring_head(bench, whole.record.remote, pull, forge.project.brand)
        since = repository.merge_base(pull.head_commit, plan.came.onto)
    except AskedWrongly:
        return ()
    branch = Branch(name=pull.into, tip=whole.revision.commit, forge=forge)
    if not since or len(first_parents(repository, since, branch.tip)) >= MOST_STEPS:
        return ()
    comparing = Comparing(bench, whole.gates, partial(gates_of, whole))
    arrived = arrived_since(branch, comparing, plan.target, since)
    if arrived.direct:
        return ()
    return tuple(each for each in arrived.pulls if each.pull.number != pull.number)


def _touch_inputs(repository: Repository, others: tuple[Came, ...]) -> bool:
    """A value that changed without any commit was approved by nobody."""
    return any(
        is_configuration(path)
        for each in others
        for step in each.steps
        for path in step_paths(repository, step)
    )


def _as_merged(session: Session, forge: Forge, came: Came) -> bool:
    """Whether what its merge left is what the forge would have made of head and branch."""
    repository, pull = session.bench.tools.repository, came.pull
    try:
        bring_head(session.bench, session.survey.record.remote, pull, forge.project.brand)
        merge = repository.merge_tree(came.onto, pull.head_commit)
        return not merge.conflicts and merge.tree == repository.tree_of(pull.merge_commit)
    except AskedWrongly:
        return False
