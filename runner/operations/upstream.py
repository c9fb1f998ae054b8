"""Outputs of other targets: read once, from the state that the last entry names, never from the ledger."""

from __future__ import annotations

from collections.abc import Mapping

from runner.errors import HistoryMoved
from runner.model.change import Output
from runner.model.entry import Deployment
from runner.model.environment import StateBackend
from runner.model.names import TargetName
from runner.operations.session import Session
from runner.operations.state_contents import contents_of
from runner.operations.stores import store_for
from runner.operations.values import conceal
from runner.operations.workplace import outputs_by_engine, readied_engine, workspace_to_read


def live_outputs(session: Session, name: TargetName) -> Mapping[str, Output] | None:
    """What `name` gives as it is live; None where it is not. Sensitive values are concealed from here on."""
    with session.lock:
        if name in session.outputs:
            return session.outputs[name]
    deployment = session.live(name)
    if deployment is None or deployment.held or deployment.last.state is None:
        return None
    # By its entry: another run may apply it while our leases are on their way.
    named = name, deployment.last.id
    with session.lock:
        if named in session.read:
            return session.read[named]
    state = _state(session, name, deployment)
    contents = contents_of(session, name, readied_engine(session, name, deployment), state)
    # Sealed by what only its engine can open: another passphrase, a key of a cloud.
    outputs = outputs_by_engine(session, name, state) if contents.sealed else contents.outputs
    for output in outputs.values():
        if output.sensitive:
            conceal(output.value, session.redactor, str(name))
    with session.lock:
        session.read[named] = outputs
    return outputs


def _state(session: Session, name: TargetName, deployment: Deployment) -> bytes:
    stored = deployment.last.state
    if stored and stored.store == StateBackend.AS_WRITTEN:
        return workspace_to_read(session, name)
    state = store_for(session, name).load(name, stored)
    if state is None:
        raise HistoryMoved.of(
            "state-missing",
            f"the record names a state of `{name}`, but its store holds none",
            hint=f"`runner state versions {name}` shows what is kept",
        )
    return state
