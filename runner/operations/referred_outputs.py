"""The outputs of known targets to whose stacks a Pulumi program refers, for the backend of its run."""

from __future__ import annotations

from collections.abc import Iterator

from runner.engine import ReferredStack
from runner.model.stack import EngineName
from runner.model.target import Target
from runner.operations.own_backends import project_of
from runner.operations.session import Session
from runner.operations.upstream import live_outputs


def referred_stacks(session: Session, target: Target) -> tuple[ReferredStack, ...]:
    """Those that are live. Whether they may be read is judged before."""
    return tuple(_stacks(session, target)) if target.stack.engine.name is EngineName.PULUMI else ()


def _stacks(session: Session, target: Target) -> Iterator[ReferredStack]:
    for edge in session.survey.edges.get(target.name, ()):
        upstream = session.survey.wishes.targets[edge.target]
        if not edge.reads_state or upstream.stack.engine.name is not EngineName.PULUMI:
            continue
        outputs = live_outputs(session, edge.target)
        if outputs is not None:
            project = str(project_of(session.survey, upstream).get("name") or "")
            yield ReferredStack(project=project, stack=edge.target.environment, outputs=outputs)
