"""Closures of targets compared with the record: what is behind, and why."""

from __future__ import annotations

from runner.decisions.terraform_closure import closure_of
from runner.model.entry import Entry
from runner.model.target import Target
from runner.operations.survey import Survey


def difference(whole: Survey, target: Target, good: Entry) -> str:
    """In words, why the surveyed commit could plan something else than what `good` applied; empty when it cannot."""
    closure = closure_of(target, whole.believed.environments[target.name.environment], whole.code)
    before = good.digests.code if good.digests else ""
    if closure.code != before:
        return f"its code differs from {good.commit[:12]}"
    if closure.settings != good.settings:
        return f"its settings differ from {good.commit[:12]}"
    return ""


def is_behind(whole: Survey, target: Target) -> bool:
    """Whether the surveyed commit is ahead of the last apply of the whole target that succeeded; always where there is
    none. A held target is as its destroyer wanted it."""
    live = whole.record.ledger.live(target.name.environment).get(target.name.stack)
    if live is not None and live.held:
        return False
    if live is None or live.good is None or live.good.digests is None:
        return True
    return bool(difference(whole, target, live.good))
