"""Where a target's state lies by the record, and where it is to lie: whatever the configuration says by now."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from runner.engine import Engine, EngineEvent, Workspace
from runner.errors import AskedWrongly, HistoryMoved, TargetFailed
from runner.model.entry import StoredState
from runner.model.environment import StateBackend, StateSettings
from runner.model.names import TargetName, encoded
from runner.operations.as_applied import no_state, where_it_stands
from runner.operations.own_backends import may_be_elsewhere, own_backend, state_beside
from runner.operations.session import Session
from runner.operations.workplace import laid_out, readied_engine, workspace_of
from runner.vault import StateStore

S3 = "s3://"

LOCAL_PATH = "states/{environment}/{stack}.tfstate"
"""Where `state: local` keeps a state when `path` is not written."""


class Pulled(Struct, frozen=True, kw_only=True):
    """A state that its engine keeps, read through it: `work` is where the engine can write it too."""

    state: bytes
    engine: Engine
    work: Workspace


class StatePlace(Struct, frozen=True, kw_only=True):
    """Where a target's state lies: `stored` is what the record names there (None: the record names none)."""

    stored: StoredState | None
    settings: StateSettings
    store: StateStore


class Standing(Struct, frozen=True, kw_only=True):
    """A target's state as it stands. `pulled` is set where its engine keeps it."""

    state: bytes
    place: StatePlace
    pulled: Pulled | None = None


def named_state(session: Session, name: TargetName) -> StoredState | None:
    """The state that the last entry names; None where it names none."""
    deployment = session.live(name)
    stored = deployment.last.state if deployment else None
    return stored if stored and (stored.version or stored.ciphertext) else None


def place_of(session: Session, name: TargetName) -> StatePlace:
    """Where the state of `name` is by the record, else where the configuration puts it. Reads no state."""
    session.survey.record.ledger.refresh([name.environment])
    stored = named_state(session, name)
    settings = _recorded_settings(session, name, stored) if stored else unrecorded_settings(session, name)
    return StatePlace(stored=stored, settings=settings, store=opened_store(session, name, settings))


def standing_state(session: Session, name: TargetName) -> Standing:
    """Reads the state that the record names, from where the record says it is. AskedWrongly `no-state` where there is
    none; HistoryMoved where the store holds something else."""
    place = place_of(session, name)
    if place.settings.backend is StateBackend.AS_WRITTEN:
        pulled = pulled_state(session, name)
        if not pulled.state:
            raise no_state(name)
        return Standing(state=pulled.state, place=place, pulled=pulled)
    state = place.store.load(name, place.stored)
    if place.stored and state is None:
        raise HistoryMoved.of(
            "state-missing",
            f"the record names a state of `{name}`, but its store holds none",
            hint=f"`runner state versions {name}` shows what is kept",
        )
    if state is None:
        raise no_state(name)
    return Standing(state=state, place=place)


def _recorded_settings(session: Session, name: TargetName, stored: StoredState) -> StateSettings:
    """The settings of the store that holds what the record names. They are the environment's where they fit, else what
    the location itself says."""
    backend = StateBackend(stored.store)
    wanted = session.gates(name.environment).state
    located = settings_of_location(backend, stored.location, name)
    if wanted is None or wanted.backend is not backend:
        return located
    if backend is StateBackend.S3 and (wanted.bucket, wanted.prefix.strip("/")) != (
        located.bucket,
        located.prefix,
    ):
        return located
    return wanted


def settings_of_location(backend: StateBackend, location: str, name: TargetName) -> StateSettings:
    """What a stored state's location says of its store; pure. ValueError for a location that no store writes."""
    match backend:
        case StateBackend.S3:
            bucket, _, key = location.removeprefix(S3).partition("/")
            end = f"{name.environment}/{encoded(name.stack)}/terraform.tfstate.sealed"
            if not location.startswith(S3) or not key.endswith(end):
                raise ValueError(f"{location!r} is no place of a state of {name}")
            return StateSettings(backend=backend, bucket=bucket, prefix=key.removesuffix(end).strip("/"))
        case StateBackend.LOCAL:
            before, found, after = location.rpartition(name.stack)
            if not found:
                raise ValueError(f"{location!r} is no place of a state of {name}")
            return StateSettings(backend=backend, path=f"{before}{{stack}}{after}")
        case _:
            return StateSettings(backend=backend)


def unrecorded_settings(session: Session, name: TargetName) -> StateSettings:
    """Where the configuration puts the state of a target: as the code writes it, else as the environment says, else
    Git. Nothing is refused here: who moves a state stands between two configurations."""
    target = session.survey.wishes.targets.get(name)
    if target and own_backend(session.survey, target):
        return StateSettings(backend=StateBackend.AS_WRITTEN)
    return session.gates(name.environment).state or StateSettings(backend=StateBackend.GIT)


def opened_store(session: Session, name: TargetName, settings: StateSettings) -> StateStore:
    """The store of `settings`."""
    return session.bench.tools.states(session.gates(name.environment), settings, session.survey.record)


def pulled_state(session: Session, name: TargetName) -> Pulled:
    """Starts the engine where the checked-out code is (of an orphan: the code that was last applied) and reads the
    state from the code's own backend.

    AskedWrongly `backend-block-gone` where the code has no backend any more: only the code that has can reach it.
    """
    session, target = where_it_stands(session, name)
    if not may_be_elsewhere(session.survey, target):
        raise AskedWrongly.of(
            "backend-block-gone",
            f"the state of `{name}` is where its own backend block put it, and the checked-out code has none",
            hint="check out a commit that has the block, run this there, and remove the block afterwards",
        )
    settings = StateSettings(backend=StateBackend.AS_WRITTEN)
    laid = laid_out(session, session.survey, target, purpose="state", settings=settings)
    engine = readied_engine(session, name, None)
    work, _ = workspace_of(session, target, laid, engine, "apply")
    session.progress(name, "reading", "reading the state through the code's own backend")
    engine.prepare(work, session.stop(name), _ignore)
    return Pulled(state=engine.state(work, session.stop(name)), engine=engine, work=work)


def pushed_through(
    session: Session, name: TargetName, pulled: Pulled, content: bytes, *, force: bool
) -> bytes:
    """Writes a state through the engine into the code's own backend, and returns what stands there then. TargetFailed
    `state-push-failed`; LeaseHeld `engine-locked`."""
    file = pulled.work.scratch / "pushed.tfstate"
    file.touch(mode=0o600)
    file.write_bytes(content)
    stop = session.stop(name)
    try:
        pulled.engine.push(pulled.work, file, stop, force=force)
    except TargetFailed as error:
        raise TargetFailed.of(
            "state-push-failed",
            f"{pulled.engine.identity} did not take the state of `{name}`: {error}",
            hint="the state that stood there stands",
        ) from error
    return pulled.engine.state(pulled.work, stop)


def brought_home(session: Session, name: TargetName, engine: Engine, content: bytes) -> bytes:
    """A state that left its backend, in the form in which we keep it, with its secrets sealed again: the engine puts it
    into a private backend of files. One that is in that form already is as it was."""
    if not engine.is_export(content):
        return content
    session, target = where_it_stands(session, name)
    settings = StateSettings(backend=StateBackend.GIT)
    laid = laid_out(session, session.survey, target, purpose="home", settings=settings)
    work, _ = workspace_of(session, target, laid, engine, "apply")
    work = replace(work, modules=())
    stop = session.stop(name)
    engine.prepare(work, stop, _ignore)
    file = work.scratch / "exported.json"
    file.touch(mode=0o600)
    file.write_bytes(content)
    try:
        engine.push(work, file, stop, force=True)
    finally:
        file.unlink()
    return engine.state(work, stop)


def beside_code(session: Session, name: TargetName) -> Path | None:
    """The state file that lies beside a stack in the work tree, where there is one with something in it."""
    target = session.survey.wishes.targets.get(name)
    if target is None:
        return None
    return state_beside(session.bench.tools.repository.root, session.survey, target)


def local_file(session: Session, name: TargetName, settings: StateSettings) -> Path:
    """The file of a state in a local store."""
    text = (settings.path or LOCAL_PATH).replace("{environment}", name.environment)
    return session.bench.tools.repository.root / text.replace("{stack}", name.stack)


def _ignore(event: EngineEvent) -> None:
    """A state that is only read has nothing to tell."""
