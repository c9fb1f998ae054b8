"""Law 13: an apply of an ancestor of what is live ends as superseded: nothing is applied, and nothing recorded."""

from __future__ import annotations

from collections.abc import Iterable

from runner.decisions.gates import superseded_verdict
from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly
from runner.git.repository import Repository
from runner.model.entry import Entry
from runner.model.happening import TargetFinished
from runner.model.names import TargetName
from runner.operations.bench import Bench
from runner.operations.survey import Survey


def superseded(bench: Bench, whole: Survey, names: Iterable[TargetName]) -> dict[TargetName, TargetFinished]:
    """How those of `names` end of whose live commit the checked-out one is an ancestor; the others are not in it.
    Nothing failed: what is live contains the commit."""
    commit, repository = whole.checked_out or whole.revision.commit, bench.tools.repository
    lives = {name: good.commit for name in sorted(names) if (good := _good(whole, name))}
    ahead = {each: each != commit and _contains(repository, commit, each) for each in set(lives.values())}
    return {name: _ended(name, commit, live) for name, live in lives.items() if ahead[live]}


def _ended(name: TargetName, commit: str, live: str) -> TargetFinished:
    verdict = superseded_verdict(name, commit, live)
    told = Diagnostic(
        code=verdict.code, message=verdict.because, hint=verdict.hint, severity=Severity.WARNING
    )
    return TargetFinished(target=name, outcome="skipped", because=verdict.because, diagnostics=(told,))


def _good(whole: Survey, name: TargetName) -> Entry | None:
    """The last good apply of what is live; one of a dirty work tree is on no branch, so nothing is behind it."""
    live = whole.record.ledger.live(name.environment).get(name.stack)
    good = live.good if live and not live.held else None
    return None if good is None or "allow-dirty" in good.overrides else good


def _contains(repository: Repository, ancestor: str, commit: str) -> bool:
    """Whether `commit` is here and contains `ancestor`; what this clone does not have cannot be said to."""
    try:
        return repository.is_ancestor(ancestor, commit)
    except AskedWrongly:
        return False
