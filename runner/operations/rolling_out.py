"""Deployment records on the forge: one an environment and run, begun when the first plan of it may be applied.

They tell people, and open nothing: a forge that does not take one is a warning, and the apply goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock

from msgspec import Struct, field
from msgspec.structs import replace

from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly, Denied, NoAnswer
from runner.forge import Forge
from runner.model.check import Rollout, RolloutState
from runner.model.happening import TargetFinished
from runner.operations.bench import Bench

_NOT_TOLD = (NoAnswer, Denied, AskedWrongly)


class Rollouts(Struct, frozen=True, kw_only=True):
    """Those of a run that brings `branch` to `commit`; `link`: where its job can be seen. `begun` and `notes` are
    filled as they come."""

    forge: Forge
    branch: str
    commit: str
    link: str = ""
    begun: dict[str, Rollout] = field(default_factory=dict)
    notes: list[Diagnostic] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def begin(self, environment: str) -> None:
        """Something of the environment is applied from now on."""
        with self.lock:
            if environment in self.begun or not self.forge.limits.rollouts:
                return
            rollout = Rollout(
                environment=environment,
                commit=self.commit,
                branch=self.branch,
                state=RolloutState.RUNNING,
                link=self.link,
            )
            self.begun[environment] = self._told(rollout)

    def end(self, outcomes: Iterable[TargetFinished]) -> None:
        """How the targets ended, those of every environment."""
        ended = list(outcomes)
        for environment, rollout in self.begun.items():
            mine = [each for each in ended if each.target.environment == environment]
            if rollout.id:
                self._told(replace(rollout, state=_state(mine), description=_counted(mine)))

    def _told(self, rollout: Rollout) -> Rollout:
        try:
            return self.forge.report_rollout(rollout)
        except _NOT_TOLD as error:
            self.notes.extend(replace(each, severity=Severity.WARNING) for each in error.diagnostics)
            return rollout


def rollouts_of(bench: Bench, forge: Forge, branch: str, commit: str) -> Rollouts:
    """Those of the job that we are in."""
    rumour = bench.tools.heard()
    return Rollouts(forge=forge, branch=branch, commit=commit, link=rumour.page if rumour else "")


def _state(outcomes: Iterable[TargetFinished]) -> RolloutState:
    codes = {each.exit_code for each in outcomes}
    if 130 in codes:
        return RolloutState.CANCELLED
    return RolloutState.SUCCEEDED if codes <= {0, 8} else RolloutState.FAILED


def _counted(outcomes: Iterable[TargetFinished]) -> str:
    ends = [each.outcome for each in outcomes]
    return ", ".join(f"{ends.count(each):,} {each}" for each in dict.fromkeys(sorted(ends)))
