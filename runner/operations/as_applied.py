"""A target as it was last applied: its code, inputs and lock file of then, under the gates of today."""

from __future__ import annotations

from msgspec.structs import replace

from runner.errors import AskedWrongly
from runner.model.entry import Deployment
from runner.model.names import TargetName
from runner.model.target import Target
from runner.operations.session import Session
from runner.operations.survey import of_commit


def as_applied(session: Session, name: TargetName, live: Deployment) -> tuple[Session, Target]:
    """The session over the commit that is live in `name`, and the target there. AskedWrongly `removed-unreadable`
    where today's `layout` does not find it in that commit."""
    bench, whole = session.bench, session.survey
    commit = (live.good or live.last).commit
    past = of_commit(bench, whole, commit)
    if name not in past.wishes.targets:
        raise AskedWrongly.of(
            "removed-unreadable",
            f"the default branch's `layout` and gates find no `{name}` in {commit[:12]}, where it was last applied",
            hint=f"bring `{live.directory}` back to where `layout` finds it and `runner destroy {name}`; or forget it",
        )
    return replace(session, survey=past), past.wishes.targets[name]


def where_it_stands(session: Session, name: TargetName) -> tuple[Session, Target]:
    """The target at the head; of one that is no longer there, as it was last applied."""
    target, live = session.survey.wishes.targets.get(name), session.live(name)
    if target is not None:
        return session, target
    if live is None:
        raise no_state(name)
    return as_applied(session, name, live)


def no_state(name: TargetName) -> AskedWrongly:
    """There is nothing to read or to change."""
    return AskedWrongly.of(
        "no-state",
        f"`{name}` has no state on record: nothing was applied yet, or it has ended",
        hint=f"`runner status {name}` shows where it stands",
    )
