"""`state push` and `state restore`: another state takes the place of the one that stands, and it is on the record."""

from __future__ import annotations

from pathlib import Path

from runner.diagnostics import Diagnostic
from runner.engine import Engine
from runner.errors import AskedWrongly, Denied, TargetFailed
from runner.model.entry import EntryKind, StoredState
from runner.model.environment import StateBackend
from runner.model.names import TargetName
from runner.model.plan import StateFacts
from runner.operations.as_applied import no_state
from runner.operations.bench import Bench
from runner.operations.confirming import asked, confirmed
from runner.operations.opening import opened
from runner.operations.session import Session
from runner.operations.state_places import (
    brought_home,
    place_of,
    pulled_state,
    pushed_through,
    standing_state,
)
from runner.operations.surgery import StateChange, Surgery, announced, fence_of, written_down
from runner.operations.survey import Survey
from runner.operations.workplace import readied_engine


def pushed(
    bench: Bench, whole: Survey, name: TargetName, file: str, *, yes: bool, force: bool
) -> StateChange:
    """Puts the state in `file` in the place of the live one. As `terraform state push`: the same lineage and a newer
    serial, or `force`."""
    content = _read(file)
    overrides = {"force": "state push --force"} if force else {}
    with opened(bench, whole, "state push", overrides=overrides) as session:
        engine = readied_engine(session, name, session.live(name))
        facts = _facts(engine, content, file)
        standing = standing_state(session, name)
        before = engine.facts(standing.state)
        if facts.digest == before.digest:
            return StateChange(text=f"`{file}` is the state that stands already; nothing was changed")
        if (refusal := refused_push(facts, before, name)) and not force:
            raise AskedWrongly(refusal)
        text = f"put {file} (serial {facts.serial}) in the place of the state of {name} (serial {before.serial})?"
        if not confirmed(bench, asked("state push", name.environment, text), yes=yes):
            return StateChange(text="nothing was changed")
        because = f"a state was pushed by hand: serial {before.serial} -> {facts.serial}"
        entry = _replaced(session, name, content, because, (standing.place.stored, before))
    return _done(name, entry, f"the state of `{name}` has serial {facts.serial} now; it had {before.serial}")


def restored(bench: Bench, whole: Survey, name: TargetName, version: int, *, yes: bool) -> StateChange:
    """Makes an older kept version the newest one, with its lineage and the next serial. The cloud is not touched."""
    with opened(bench, whole, "state restore") as session:
        engine = readied_engine(session, name, session.live(name))
        place = place_of(session, name)
        stored = place.stored
        if stored is None:
            raise no_state(name)
        if version == stored.version:
            return StateChange(text=f"version {version} is the newest already; nothing was changed")
        old = place.store.read_version(name, version)
        was = engine.facts(old)
        serial = max(stored.facts.serial, was.serial) + 1
        text = f"make version {version} of the state of {name} (serial {was.serial}) the newest one?"
        if not confirmed(bench, asked("state restore", name.environment, text), yes=yes):
            return StateChange(text="nothing was changed")
        because = f"version {version} (serial {was.serial}) was restored by hand as serial {serial}"
        entry = _replaced(session, name, engine.renumbered(old, serial), because, (stored, stored.facts))
    return _done(
        name, entry, f"version {version} of the state of `{name}` is the newest now, as serial {serial}"
    )


def _replaced(
    session: Session,
    name: TargetName,
    content: bytes,
    because: str,
    seen: tuple[StoredState | None, StateFacts],
) -> str:
    """Stores `content` as the state of `name` under a lease, and records it; the entry's id. `seen` is what the person
    was asked about. Denied `state-moved` where another state stands by now: nobody agreed to lose that one."""
    with announced(session, name):
        place = place_of(session, name)
        if place.stored != seen[0]:
            raise _moved(name)
        engine = readied_engine(session, name, session.live(name))
        if place.settings.backend is StateBackend.AS_WRITTEN:
            content = _pushed_through(session, name, content, seen[1])
        else:
            content = brought_home(session, name, engine, content)
        facts, fence = engine.facts(content), fence_of(session, name)
        place.store.hold(name, session.directory.id, fence)
        try:
            saved = place.store.save(name, content, facts, fence, place.stored)
            surgery = Surgery(
                target=name,
                kind=EntryKind.SURGERY,
                state=content,
                stored=saved.stored,
                engine=engine,
                because=because,
                edits=saved.edits,
            )
            return written_down(session, surgery)
        finally:
            place.store.let_go(name)


def _moved(name: TargetName) -> Denied:
    return Denied.of(
        "state-moved",
        f"the state of `{name}` was changed while you were asked",
        hint=f"look at it again: `runner state pull {name}`",
    )


def _pushed_through(session: Session, name: TargetName, content: bytes, seen: StateFacts) -> bytes:
    """Writes a state through the engine into the code's own backend, and returns what stands there then. The engine
    is told to take it as it is: what it would check has been checked, or the person wants it so."""
    pulled = pulled_state(session, name)
    if pulled.engine.facts(pulled.state) != seen:
        raise _moved(name)
    return pushed_through(session, name, pulled, content, force=True)


def refused_push(new: StateFacts, standing: StateFacts, name: TargetName) -> Diagnostic | None:
    """Why `new` may not simply take the place of `standing`; pure."""
    if standing.lineage and new.lineage != standing.lineage:
        return Diagnostic(
            code="state-other-lineage",
            message=f"the state to push has lineage {new.lineage}, that of `{name}` has {standing.lineage}",
            hint="it describes other resources; `--force` pushes it all the same, on the record",
        )
    if new.serial <= standing.serial:
        return Diagnostic(
            code="state-not-newer",
            message=f"the state to push has serial {new.serial}, that of `{name}` has {standing.serial} already",
            hint=f"`runner state pull {name}` and change that one; `--force` pushes it all the same, on the record",
        )
    return None


def _read(file: str) -> bytes:
    if not file:
        raise AskedWrongly.of(
            "state-file-missing", "which file is to be pushed?", hint="name it after the target"
        )
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise AskedWrongly.of(
            "state-file-missing", f"`{file}` cannot be read: {error.strerror}", hint="name a file that exists"
        ) from None


def _facts(engine: Engine, content: bytes, file: str) -> StateFacts:
    try:
        facts = engine.facts(content)
        engine.contents(content)
    except TargetFailed as error:
        raise AskedWrongly(error.diagnostics) from None
    if not facts.lineage:
        raise AskedWrongly.of(
            "state-unreadable",
            f"`{file}` holds no state: it has no lineage",
            hint="push what `state pull` wrote",
        )
    return facts


def _done(name: TargetName, entry: str, text: str) -> StateChange:
    return StateChange(text=text, entry=entry, next=(f"runner preview {name}",))
