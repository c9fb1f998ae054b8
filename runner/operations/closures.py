"""Closures of targets, and compared with the record: what is behind, and why."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from runner.decisions.closure import Closure
from runner.decisions.readings import because_read
from runner.decisions.terraform_closure import closure_of
from runner.model.entry import Deployment, Entry, EntryKind, Result
from runner.model.names import TargetName
from runner.model.target import Target
from runner.operations.survey import Survey, gates_of


def closure_in(whole: Survey, target: Target) -> Closure:
    """The target's closure in the surveyed tree, whatever is wrong with it."""
    gates, most = gates_of(whole, target.name.environment), whole.gates.limits.tree_files
    return closure_of(target, gates, whole.code, most_items=most)


def difference(whole: Survey, target: Target, good: Entry) -> str:
    """In words, why the surveyed commit could plan something else than what `good` applied; empty when it cannot."""
    # Nothing is fetched to compare: modules that are not pinned count as they were then.
    closure = replace(closure_in(whole, target), fetched=good.modules)
    before = good.digests.code if good.digests else ""
    if closure.code != before:
        return f"its code differs from {good.commit[:12]}"
    if closure.settings != good.settings:
        return f"its settings differ from {good.commit[:12]}"
    return ""


def because_behind(whole: Survey, target: Target, live: Deployment) -> str:
    """In words, why what is live may be something else than the surveyed commit wishes; empty when it is not. The code
    of the last good apply says nothing where a later one changed a part, or failed on its way."""
    if live.good is None or live.good.digests is None:
        return "no apply of the whole target has succeeded yet"
    if because := difference(whole, target, live.good):
        return because
    if live.last.kind is EntryKind.SURGERY:
        return "its state was changed by hand since"
    if live.last.result is not Result.SUCCEEDED:
        return f"its last apply ended as {live.last.result}"
    if live.last.partial and live.last.commit != live.good.commit:
        return f"{live.last.commit[:12]} was applied to a part of it"
    return because_read(whole.edges.get(target.name, ()), live, partial(_live, whole))


def _live(whole: Survey, name: TargetName) -> Deployment | None:
    return whole.record.ledger.live(name.environment).get(name.stack)


def is_behind(whole: Survey, target: Target) -> bool:
    """Whether the surveyed commit is ahead of the last apply of the whole target that succeeded; always where there is
    none. A held target is as its destroyer wanted it."""
    live = _live(whole, target.name)
    if live is not None and live.held:
        return False
    return live is None or bool(because_behind(whole, target, live))
