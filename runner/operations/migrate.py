"""`state migrate`: moves a target's state to another store, with its lineage and serial, on the record."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from runner.diagnostics import Diagnostic, Severity
from runner.engine import Engine
from runner.errors import AskedWrongly, LeaseHeld, TargetFailed
from runner.git import Edit
from runner.model.entry import EntryKind, StoredState
from runner.model.environment import StateBackend, StateSettings
from runner.model.names import TargetName
from runner.model.stack import EngineName
from runner.operations.as_applied import no_state
from runner.operations.bench import Bench
from runner.operations.confirming import asked, confirmed
from runner.operations.opening import opened
from runner.operations.own_backends import may_be_elsewhere
from runner.operations.session import Session
from runner.operations.state_places import (
    Standing,
    beside_code,
    brought_home,
    local_file,
    named_state,
    opened_store,
    pulled_state,
    pushed_through,
    standing_state,
    unrecorded_settings,
)
from runner.operations.surgery import StateChange, Surgery, announced, fence_of, written_down
from runner.operations.survey import Survey
from runner.operations.workplace import readied_engine
from runner.vault import SavedState


class Move(Struct, frozen=True, kw_only=True):
    """What moves: `origin` in words, `file` the one beside the code that is taken over, `standing` where the state lies
    by the record or in the code's own backend; one of the two is None."""

    target: TargetName
    state: bytes
    origin: str
    to: StateSettings
    file: Path | None = None
    standing: Standing | None = None

    @property
    def stored(self) -> StoredState | None:
        """What the record names before the move."""
        return self.standing.place.stored if self.standing else None


def migrated(bench: Bench, whole: Survey, name: TargetName, to: str, *, yes: bool) -> StateChange:
    """Moves the state of `name` to the store `to` (empty: the one that the configuration says), or takes over the file
    that lies beside its code. What it leaves behind is named; nothing is deleted that could be the only copy."""
    with opened(bench, whole, "state migrate") as session:
        move = _move(session, name, to)
        if move is None:
            return StateChange(text=f"the state of `{name}` is there already; nothing was changed")
        engine = readied_engine(session, name, session.live(name))
        facts = _checked(engine, move)
        text = f"move the state of {name} (lineage {facts}) from {move.origin} to {_words(move.to.backend)}?"
        if not confirmed(bench, asked("state migrate", name.environment, text), yes=yes):
            return StateChange(text="nothing was changed")
        entry = _carried_out(session, engine, move)
        left = _left_behind(session, move)
    return StateChange(
        text="\n".join(
            [f"the state of `{name}` is in {_words(move.to.backend)} now; it was in {move.origin}", *left]
        ),
        entry=entry,
        notes=_notes(whole, move),
        next=(f"runner preview {name}",),
    )


def _move(session: Session, name: TargetName, to: str) -> Move | None:
    """What is to be moved; None where it is where it should be. AskedWrongly `no-state` where there is nothing."""
    wanted = _destination(session, name, to)
    file = _overlooked(session, name, wanted)
    if file is not None:
        _refuse_locked(file, name)
        words = f"`{file.relative_to(session.bench.tools.repository.root)}`"
        return Move(target=name, state=file.read_bytes(), origin=words, to=wanted, file=file)
    standing = standing_state(session, name)
    if _same_place(standing.place.settings, wanted):
        return None
    return Move(
        target=name,
        state=standing.state,
        origin=_words(standing.place.settings.backend),
        to=wanted,
        standing=standing,
    )


def _overlooked(session: Session, name: TargetName, to: StateSettings) -> Path | None:
    """The file that holds a state of `name` which no entry knows: where the local store looks, or beside the code."""
    if named_state(session, name) is not None:
        return None
    if unrecorded_settings(session, name).backend is StateBackend.AS_WRITTEN:
        return None
    kept = local_file(session, name, to) if to.backend is StateBackend.LOCAL else None
    return kept if kept and kept.is_file() and kept.stat().st_size else beside_code(session, name)


def _destination(session: Session, name: TargetName, to: str) -> StateSettings:
    """AskedWrongly `no-such-store` for a word that is none, `state-settings-missing` for a store whose place nothing
    says."""
    configured = session.gates(name.environment).state
    target = session.survey.wishes.targets.get(name)
    if not to:
        return unrecorded_settings(session, name) if configured is None else configured
    if to not in [str(each) for each in StateBackend]:
        raise AskedWrongly.of(
            "no-such-store", f"there is no state store `{to}`", hint="git, local, s3 or as-written"
        )
    backend = StateBackend(to)
    if backend is StateBackend.AS_WRITTEN and not (target and may_be_elsewhere(session.survey, target)):
        raise AskedWrongly.of(
            "backend-block-gone",
            f"the code of `{name}` has no backend block, so it says no place to move its state to",
            hint="write the block, commit it, and run this again",
        )
    if backend is StateBackend.AS_WRITTEN and target and target.stack.engine.name is EngineName.PULUMI:
        raise AskedWrongly.of(
            "state-stays-home",
            f"the state of `{name}` is sealed with a passphrase of ours, and cannot be moved to its own backend",
            hint=f"`runner outputs {name} --reveal` shows its secrets; `pulumi import` takes its resources in there",
        )
    if configured and configured.backend is backend:
        return configured
    if backend is StateBackend.S3:
        raise AskedWrongly.of(
            "state-settings-missing",
            f"`{name.environment}` does not say in which bucket its states are",
            hint=f"commit `state: {{backend: s3, bucket: …}}` in environments/{name.environment}.yaml first",
        )
    return StateSettings(backend=backend)


def _words(backend: StateBackend) -> str:
    match backend:
        case StateBackend.GIT:
            return "Git"
        case StateBackend.LOCAL:
            return "a local file"
        case StateBackend.S3:
            return "S3"
        case StateBackend.AS_WRITTEN:
            return "the code's own backend"


def _same_place(one: StateSettings, other: StateSettings) -> bool:
    if one.backend is not other.backend:
        return False
    if one.backend is StateBackend.S3:
        return (one.bucket, one.prefix.strip("/")) == (other.bucket, other.prefix.strip("/"))
    return one.backend is not StateBackend.LOCAL or one.path == other.path


def _checked(engine: Engine, move: Move) -> str:
    """What the state says of itself, in words. AskedWrongly where it is none."""
    try:
        facts = engine.facts(move.state)
        engine.contents(move.state)
    except TargetFailed as error:
        raise AskedWrongly(error.diagnostics) from None
    if not facts.lineage:
        raise no_state(move.target)
    return f"{facts.lineage}, serial {facts.serial}"


def _carried_out(session: Session, engine: Engine, move: Move) -> str:
    """Saves the state in its new store and records it; the entry's id. The old store is closed in the same submission
    where it is Git, and after it where it is not."""
    name = move.target
    with announced(session, name):
        if named_state(session, name) != move.stored:
            raise _moved(name)
        fence = fence_of(session, name)
        state, saved = _saved(session, engine, move, fence)
        surgery = Surgery(
            target=name,
            kind=EntryKind.MIGRATE,
            state=state,
            stored=saved.stored,
            engine=engine,
            because=f"its state was moved from {move.origin} to {_words(move.to.backend)}",
            edits=(*saved.edits, *_closed(move, fence, StateBackend.GIT)),
        )
        entry = written_down(session, surgery)
        _closed(move, fence, StateBackend.S3, StateBackend.LOCAL)
    return entry


def _saved(session: Session, engine: Engine, move: Move, fence: int) -> tuple[bytes, SavedState]:
    name = move.target
    store = opened_store(session, name, move.to)
    state = move.state
    if move.to.backend is StateBackend.AS_WRITTEN:
        state = pushed_through(session, name, pulled_state(session, name), state, force=False)
    else:
        state = brought_home(session, name, engine, state)
    if move.file and _lies_there(session, move):
        return state, SavedState(stored=_as_it_lies(engine, move.file, state))
    store.hold(name, session.directory.id, fence)
    try:
        return state, store.save(name, state, engine.facts(state), fence, None)
    finally:
        store.let_go(name)


def _lies_there(session: Session, move: Move) -> bool:
    """Whether the file that is taken over is the very one that the local store will keep."""
    return move.to.backend is StateBackend.LOCAL and move.file == local_file(session, move.target, move.to)


def _as_it_lies(engine: Engine, file: Path, state: bytes) -> StoredState:
    facts = engine.facts(state)
    return StoredState(facts=facts, store="local", version=1, ciphertext=facts.digest, location=str(file))


def _closed(move: Move, fence: int, *backends: StateBackend) -> tuple[Edit, ...]:
    """Ends the state where it was, if that is one of `backends`. Older versions stay readable there."""
    if move.standing is None or move.standing.place.settings.backend not in backends:
        return ()
    if move.standing.place.stored is None:
        return ()
    return move.standing.place.store.remove(move.target, fence)


def _left_behind(session: Session, move: Move) -> list[str]:
    """Puts the file that was taken over aside, and says what is left where."""
    if _lies_there(session, move):
        return ["it stays where it lies"]
    if move.file is not None:
        now = session.bench.clock.now()
        aside = move.file.with_name(f"{move.file.name}.migrated-{now:%Y%m%dT%H%M%SZ}")
        move.file.replace(aside)
        return [
            f"the file is kept as `{aside.name}`, secrets in plain: remove it when you trust the new place"
        ]
    if move.standing and move.standing.place.settings.backend is StateBackend.AS_WRITTEN:
        return [
            "remove the backend block from the code now, and commit that: until then the code still says the old place",
            "the state stays there too; nobody should use it any more",
        ]
    return []


def _notes(whole: Survey, move: Move) -> tuple[Diagnostic, ...]:
    path = move.origin.strip("`")
    if move.file is None or whole.tree.node(path) is None:
        return ()
    return (
        Diagnostic(
            code="state-in-history",
            message=f"`{path}` is committed: its secrets are in the history of this repository, in plain",
            hint=f"`git rm --cached {path}`, add it to .gitignore, and change the secrets that it holds",
            severity=Severity.WARNING,
        ),
    )


def _refuse_locked(file: Path, name: TargetName) -> None:
    lock = file.with_name(f".{file.name}.lock.info")
    if lock.exists():
        raise LeaseHeld.of(
            "state-locked",
            f"the state of `{name}` beside its code is locked by an engine (`{lock.name}`)",
            hint="wait for it; if it is gone, remove the lock file",
        )


def _moved(name: TargetName) -> AskedWrongly:
    return AskedWrongly.of(
        "state-moved",
        f"the state of `{name}` was changed while you were asked",
        hint="run the same command again",
    )
