"""Where saved plans are kept: in `refs/runner/plans/<key>`."""

from __future__ import annotations

from collections.abc import Sequence

from runner.git import Edit, Refs
from runner.model.names import TargetName, decoded, encoded
from runner.vault.plan_seal import PlanSeal, SavedPlan, plan_not_authentic, read_label, written_label

LABEL_SUFFIX = ".json"


class GitPlans:
    """Plans in `refs/runner/plans/<key>`; `key` is a pull request's number or `hand-<run>`."""

    def __init__(self, refs: Refs, seal: PlanSeal) -> None:
        self._refs = refs
        self._seal = seal

    def keep(self, key: str, plan: SavedPlan) -> Edit:
        """The edit that keeps a plan in the place of the target's earlier one."""
        sealed = self._seal.seal(plan)
        changes = {_label_path(plan.target): written_label(plan), _sealed_path(plan.target): sealed}
        return Edit(ref=plans_ref(key), changes=changes, message="runner: plan")

    def find(self, key: str, target: TargetName) -> SavedPlan | None:
        """The plan kept for a target, opened; None when there is none."""
        label = self._refs.blob(plans_ref(key), _label_path(target))
        sealed = self._refs.blob(plans_ref(key), _sealed_path(target))
        if label is None and sealed is None:
            return None
        if label is None or sealed is None:
            raise plan_not_authentic(target, "is there by half")
        return self._seal.open(target, label[1], sealed[1])

    def labels(self, key: str, environment: str) -> Sequence[SavedPlan]:
        """What the labels say is kept, without contents and without a key: for showing, not for believing."""
        folder = f"plans/{encoded(environment)}"
        found = self._refs.blobs(plans_ref(key), folder)
        plans = []
        for path, (_, content) in sorted(found.items()):
            if path.endswith(LABEL_SUFFIX):
                stack = decoded(path.rpartition("/")[2].removesuffix(LABEL_SUFFIX))
                plans.append(read_label(TargetName(environment=environment, stack=stack), content))
        return tuple(plans)

    def discard(self, key: str, target: TargetName) -> Edit:
        """The edit that removes a target's plan."""
        changes = {_label_path(target): None, _sealed_path(target): None}
        return Edit(ref=plans_ref(key), changes=changes, message="runner: plan gone")


def plans_ref(key: str) -> str:
    """The ref that holds the plans of a pull request or of a run by hand."""
    return f"refs/runner/plans/{encoded(key)}"


def _label_path(target: TargetName) -> str:
    return f"plans/{encoded(target.environment)}/{encoded(target.stack)}{LABEL_SUFFIX}"


def _sealed_path(target: TargetName) -> str:
    return f"plans/{encoded(target.environment)}/{encoded(target.stack)}.sealed"
