"""Which store keeps a target's state, and what stands against it (DESIGN, section 2, State)."""

from __future__ import annotations

from runner.errors import AskedWrongly
from runner.model.entry import Deployment
from runner.model.environment import StateBackend, StateSettings
from runner.model.names import TargetName
from runner.model.target import Target
from runner.operations.own_backends import may_be_elsewhere, own_backend, state_beside
from runner.operations.session import Session
from runner.vault import StateStore


def settings_for(session: Session, target: Target, previous: Deployment | None) -> StateSettings:
    """As written where the code has a backend or cloud block, else the environment's `state`, else git.

    AskedWrongly `state-contradicts` where both speak, `state-overlooked` where a state lies beside the code that the
    record does not know: nothing is ever planned as "create" because a state was overlooked.
    """
    wanted = _wanted(session, target, previous)
    recorded = previous.last.state if previous else None
    if recorded and recorded.version and recorded.store != wanted.backend:
        raise AskedWrongly.of(
            "state-contradicts",
            f"the state of `{target.name}` is in {recorded.store} by the record, in {wanted.backend} by configuration",
            hint=f"move it: `runner state migrate {target.name}`",
        )
    return wanted


def _wanted(session: Session, target: Target, previous: Deployment | None) -> StateSettings:
    """Where code and configuration put the state."""
    gates = session.gates(target.name.environment)
    whole = session.survey
    block = own_backend(whole, target)
    wanted = gates.state
    if block:
        if wanted and wanted.backend is not StateBackend.AS_WRITTEN:
            raise AskedWrongly.of(
                "state-contradicts",
                f"`{target.name}` has a {block.words}, but its environment says `state: {wanted.backend}`",
                span=block.span,
                hint=f"remove one of the two, or move the state: `runner state migrate {target.name}`",
            )
        return StateSettings(backend=StateBackend.AS_WRITTEN)
    if wanted and wanted.backend is StateBackend.AS_WRITTEN and not may_be_elsewhere(whole, target):
        raise AskedWrongly.of(
            "state-contradicts",
            f"the environment says `state: as-written`, but `{target.name}` has no backend block",
            hint="write a backend block, or choose `state: git`",
        )
    _refuse_overlooked(session, target, previous)
    return wanted or StateSettings(backend=StateBackend.GIT)


def _refuse_overlooked(session: Session, target: Target, previous: Deployment | None) -> None:
    root = session.bench.tools.repository.root
    if previous is None and (beside := state_beside(root, session.survey, target)):
        raise AskedWrongly.of(
            "state-overlooked",
            f"`{beside.relative_to(root)}` lies beside `{target.name}`, whose state the record has not",
            hint=f"`runner state migrate {target.name}` takes it over; or move it away if it is nobody's",
        )


def store_for(session: Session, name: TargetName) -> StateStore:
    """The store of a target that exists at the head or on the record."""
    target = session.survey.wishes.targets.get(name)
    previous = session.live(name)
    gates = session.gates(name.environment)
    if target:
        settings = settings_for(session, target, previous)
    elif previous and previous.last.state:
        backend = StateBackend(previous.last.state.store)
        settings = (
            gates.state if gates.state and gates.state.backend is backend else StateSettings(backend=backend)
        )
    else:
        settings = gates.state or StateSettings(backend=StateBackend.GIT)
    return session.bench.tools.states(gates, settings, session.survey.record)
