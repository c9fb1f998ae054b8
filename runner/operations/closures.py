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
