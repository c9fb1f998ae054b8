"""What a state says, with what its engine sealed in it opened by our own passphrase."""

from __future__ import annotations

from runner.engine import Engine, StateContents
from runner.model.names import TargetName
from runner.model.stack import EngineName
from runner.operations.session import Session


def contents_of(session: Session, name: TargetName, engine: Engine, state: bytes) -> StateContents:
    """The contents of a state of `name`."""
    return engine.contents(state, passphrase_for(session, name, engine))


def passphrase_for(session: Session, name: TargetName, engine: Engine) -> str:
    """What `engine` seals secrets with in the state of `name`, a secret of this run from here on; empty for an engine
    that seals nothing by itself."""
    if engine.identity.name is not EngineName.PULUMI:
        return ""
    gates = session.gates(name.environment)
    passphrase = session.bench.tools.passphrase(gates, session.survey.record, name)
    session.redactor.add(passphrase, f"passphrase of {name}")
    return passphrase
