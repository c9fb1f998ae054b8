"""What is live and no longer wished for (law 11): nothing ends by omission."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct

from runner.diagnostics import Diagnostic, Severity
from runner.model.entry import Deployment
from runner.model.environment import Wishes
from runner.model.names import TargetName
from runner.model.target import Target


class Fate(StrEnum):
    """What is to become of a live target that is not wished for. `renamed`: another one says that it was this one."""

    ORPHAN = "orphan"
    DESTROY = "destroy"
    FORGET = "forget"
    RENAMED = "renamed"


class Unwished(Struct, frozen=True, kw_only=True):
    """A live target without a wish; `successor` is the target it was renamed to. `hint` holds the lines to add."""

    target: TargetName
    fate: Fate
    because: str
    hint: str = ""
    successor: TargetName | None = None


def unwished(
    live: Mapping[TargetName, Deployment], targets: Mapping[TargetName, Target], wishes: Mapping[str, Wishes]
) -> tuple[Unwished, ...]:
    """Every live target that is not among `targets`, in order. Held and ended ones have no resources to end, and are
    left out unless `removed:` names them."""
    successors = {
        TargetName(environment=name.environment, stack=target.stack.renamed_from): name
        for name, target in targets.items()
        if target.stack.renamed_from
    }
    found = []
    for name, deployment in sorted(live.items()):
        own = wishes.get(name.environment)
        removed = own.removed.get(name.stack, "") if own else ""
        if name in targets or deployment.ended or (deployment.held and not removed):
            continue
        found.append(_unwished(name, deployment, removed, successors.get(name)))
    return tuple(found)


def _unwished(
    name: TargetName, deployment: Deployment, removed: str, successor: TargetName | None
) -> Unwished:
    if removed:
        because = f"`removed:` of `{name.environment}` says {removed}"
        return Unwished(target=name, fate=Fate(removed), because=because)
    if successor is not None:
        because = f"`{successor}` says `renamed_from: {name.stack}`"
        return Unwished(target=name, fate=Fate.RENAMED, because=because, successor=successor)
    return Unwished(
        target=name,
        fate=Fate.ORPHAN,
        because=f"`{deployment.directory}` is live in `{name.environment}`, and no longer wished for there",
        hint=f"add to environments/{name.environment}.yaml: `removed: {{{name.stack}: destroy}}` (or `forget`); "
        "or bring the stack back",
    )


def idle_removals(live: Iterable[TargetName], wishes: Mapping[str, Wishes]) -> tuple[Diagnostic, ...]:
    """`removed:` lines that end nothing: the stack is not live (a typing error, or long done)."""
    known = set(live)
    return tuple(
        Diagnostic(
            code="removed-not-live",
            message=f"`removed:` of `{environment}` names `{stack}`, which is not live there",
            hint="take the line away",
            severity=Severity.NOTE,
        )
        for environment, own in sorted(wishes.items())
        for stack in own.removed
        if TargetName(environment=environment, stack=stack) not in known
    )
