"""`state`: reads, writes, restores, recovers and moves the state of one target (DESIGN, section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly
from runner.kit.private_files import create_file
from runner.model.entry import StoredState
from runner.model.environment import StateBackend
from runner.model.names import TargetName
from runner.model.references import Json
from runner.operations.as_applied import no_state
from runner.operations.bench import Bench
from runner.operations.migrate import migrated
from runner.operations.opening import opened
from runner.operations.overtaken import Overtaken
from runner.operations.session import Session
from runner.operations.settling import settle
from runner.operations.state_changes import pushed, restored
from runner.operations.state_places import place_of, standing_state
from runner.operations.state_recovery import recovered
from runner.operations.surgery import StateChange
from runner.operations.survey import Survey, survey, target_named
from runner.operations.workplace import readied_engine
from runner.vault import StateVersion


class StateRequest(Struct, frozen=True, kw_only=True):
    """`action`: pull | push | list | versions | restore | recover | migrate. `file` is what push reads, and where pull
    writes (empty: the answer itself); `version` is for restore, and for pull of an older one (0: the live one); `to`
    the backend of migrate (empty: as configured)."""

    action: str
    target: str
    version: int = 0
    file: str = ""
    to: str = ""
    yes: bool = False
    force: bool = False


class StateResult(Struct, frozen=True, kw_only=True):
    """`bytes_out` is a state in plain, secrets and all; `rows` tables, `text` words; `entry` what was recorded."""

    bytes_out: bytes = b""
    rows: tuple[Mapping[str, Json], ...] = ()
    entry: str = ""
    text: str = ""
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def state(request: StateRequest, bench: Bench) -> StateResult:
    """Does what `request.action` says. Whatever writes takes the target's lease and leaves an entry."""
    whole = survey(bench, worktree=False)
    name = target_named(request.target, whole)
    match request.action:
        case "pull":
            return _pull(request, bench, whole, name)
        case "list":
            return _list(bench, whole, name)
        case "versions":
            return _versions(bench, whole, name)
        case "push" | "restore" | "recover" | "migrate":
            unsettled = settle(bench, whole)
            whole.record.ledger.refresh([])  # settling may have recorded something
            return _changed(_change(request, bench, whole, name, unsettled.overtaken), whole)
        case other:
            raise AskedWrongly.of(
                "no-such-action",
                f"there is no `state {other}`",
                hint="pull, push, list, versions, restore, recover or migrate",
            )


def _change(
    request: StateRequest, bench: Bench, whole: Survey, name: TargetName, overtaken: Sequence[Overtaken]
) -> StateChange:
    match request.action:
        case "push":
            return pushed(bench, whole, name, request.file, yes=request.yes, force=request.force)
        case "restore":
            return restored(bench, whole, name, request.version, yes=request.yes)
        case "recover":
            unsent = [each for each in overtaken if each.target == name]
            return recovered(bench, whole, name, unsent, yes=request.yes, force=request.force)
        case _:
            return migrated(bench, whole, name, request.to, yes=request.yes)


def _changed(change: StateChange, whole: Survey) -> StateResult:
    return StateResult(
        text=change.text,
        entry=change.entry,
        notes=(*whole.notes, *change.notes),
        next=change.next,
        exit_code=change.exit_code,
    )


def _pull(request: StateRequest, bench: Bench, whole: Survey, name: TargetName) -> StateResult:
    with opened(bench, whole, "state pull") as session:
        content = (
            _version(session, name, request.version)
            if request.version
            else standing_state(session, name).state
        )
    if not request.file:
        return StateResult(bytes_out=content, notes=whole.notes)
    _write(Path(request.file), content)
    note = Diagnostic(
        code="state-in-plain",
        message=f"`{request.file}` holds the state of `{name}` in plain, with every secret in it",
        hint="only you can read it; remove it when you are done, and never commit it",
        severity=Severity.WARNING,
    )
    return StateResult(
        text=f"the state of `{name}` is in `{request.file}`",
        notes=(*whole.notes, note),
        next=(f"runner state push {name} {request.file}",),
    )


def _version(session: Session, name: TargetName, version: int) -> bytes:
    place = place_of(session, name)
    if place.stored is None:
        raise no_state(name)
    return place.store.read_version(name, version)


def _write(file: Path, content: bytes) -> None:
    """Into a new file, mode 600. AskedWrongly `file-exists` rather than replace one: it may be somebody's only copy."""
    try:
        create_file(file, content)
    except FileExistsError:
        raise AskedWrongly.of(
            "file-exists",
            f"`{file}` is there already, and is not replaced",
            hint="name another file, or move it",
        ) from None
    except OSError as error:
        raise AskedWrongly.of(
            "file-not-writable", f"`{file}` cannot be written: {error.strerror}", hint="name another place"
        ) from None


def _list(bench: Bench, whole: Survey, name: TargetName) -> StateResult:
    with opened(bench, whole, "state list") as session:
        standing = standing_state(session, name)
        contents = readied_engine(session, name, session.live(name)).contents(standing.state)
    rows: list[Mapping[str, Json]] = [
        {"address": each.address, "type": each.type, "id": each.id} for each in contents.resources
    ]
    text = "" if rows else f"the state of `{name}` holds no resources"
    return StateResult(rows=tuple(rows), text=text, notes=whole.notes)


def _versions(bench: Bench, whole: Survey, name: TargetName) -> StateResult:
    with opened(bench, whole, "state versions") as session:
        place = place_of(session, name)
        if place.stored is None:
            raise no_state(name)
        kept = place.store.versions(name)
    if not kept:
        why = _PASTLESS.get(place.settings.backend, "none yet")
        return StateResult(text=f"no versions of the state of `{name}` are kept: {why}", notes=whole.notes)
    rows = tuple(_version_row(each, place.stored) for each in kept)
    return StateResult(rows=rows, notes=whole.notes, next=(f"runner state restore {name} VERSION",))


_PASTLESS = {
    StateBackend.LOCAL: "a plain file has no past",
    StateBackend.AS_WRITTEN: "the code's own backend may keep some",
}


def _version_row(version: StateVersion, named: StoredState) -> Mapping[str, Json]:
    """One kept version as a row; `standing` says which one the record names."""
    facts = version.stored.facts
    return {
        "version": version.stored.version,
        "serial": facts.serial,
        "lineage": facts.lineage,
        "at": version.at.isoformat(timespec="seconds"),
        "fence": version.fence,
        "standing": "on record" if version.stored.version == named.version else "",
    }
