"""`state recover`: shows what ended without a record, proposes imports, and writes down what a person has looked at."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from runner.errors import HistoryMoved, LeaseHeld, OutcomeUnknown
from runner.kit.journal import Journal, is_held
from runner.model.entry import EntryKind, Result, StoredState
from runner.model.environment import StateBackend
from runner.model.lease import Lease
from runner.model.names import TargetName
from runner.operations.abandoned import Remnant, remnants
from runner.operations.bench import Bench
from runner.operations.confirming import asked
from runner.operations.opening import leases_for, opened
from runner.operations.overtaken import Overtaken, dropped
from runner.operations.recovery import (
    Finding,
    accepted,
    given_up,
    lost_of,
    pending_of,
    recover,
    standing_of,
    unknown_of,
)
from runner.operations.run_directory import abandoned_runs, runs_directory
from runner.operations.session import Session
from runner.operations.standing import standing_leases
from runner.operations.state_places import StatePlace, place_of, pulled_state
from runner.operations.surgery import StateChange, Surgery, announced, written_down
from runner.operations.survey import Survey
from runner.operations.unseen_ends import anew, told
from runner.operations.workplace import readied_engine


class Foreign(Struct, frozen=True, kw_only=True):
    """A state that its store holds and the record does not name, read without the store's blessing."""

    state: bytes
    stored: StoredState
    words: str


def recovered(
    bench: Bench, whole: Survey, name: TargetName, unsent: Sequence[Overtaken], *, yes: bool, force: bool
) -> StateChange:
    """Names all that is unknown of `name`, asks, and records it. `force` takes the state that a killed run left in this
    clone although the record has gone on since. `unsent`: records of it that can never be sent; they go with that."""
    with opened(bench, whole, "state recover") as session:
        lease = _announced_lease(bench, whole, name)
        _refuse_living(bench, lease)
        remnant = _remnant(bench, name)
        stale = remnant is not None and _overtaken(session, remnant) and not force
        finding = Finding(
            target=name,
            lease=lease,
            remnant=None if stale else remnant,
            unknown=_unknown(session, name, remnant, stale=stale)
            or (pending_of(session, name) if lease and not remnant else ()),
            accepted=False,
        )
        finding = replace(finding, standing=standing_of(session, finding))
        finding, lost = _instead(session, finding) if force else (finding, ())
        foreign = _foreign(session, name) if lease is None and remnant is None else None
        lines = told(finding, stale=stale, foreign=foreign.words if foreign else "")
        lines = [*lines, *_loss(finding, lost), *(each.words for each in unsent)] or _behind(session, name)
        if not lines:
            return StateChange(text=f"nothing of `{name}` is unknown; nothing was changed")
        if not _looked_at(bench, name, lines, yes=yes):
            return StateChange(
                text="\n".join([*lines, "nothing was changed"]),
                next=(f"runner state recover {name} --yes",),
                exit_code=9,
            )
        entry = _taken_as_it_is(session, name, foreign) if foreign else _recorded(session, finding)
        if remnant is not None:
            _settled(remnant)
        for each in unsent:
            dropped(bench, each)
    return StateChange(
        text="\n".join([*lines, f"`{name}` is settled: what its store holds now is on the record"]),
        entry=entry,
        next=(f"runner preview {name}", *anew(finding)),
    )


def _instead(session: Session, finding: Finding) -> tuple[Finding, tuple[str, ...]]:
    """With what a person who says `--force` gives up."""
    if finding.remnant is None:
        return finding, ()
    instead, lost = given_up(session, finding.remnant)
    return replace(finding, instead=instead), lost


def _loss(finding: Finding, lost: Sequence[str]) -> list[str]:
    if not finding.instead:
        return []
    lines = [
        f"with `--force` the state that was left here takes the place of {finding.instead}",
        f"(that one stays among `runner state versions {finding.target}`)",
    ]
    return [*lines, "only that one knows of:", *(f"  {each}" for each in lost)] if lost else lines


def _behind(session: Session, name: TargetName) -> list[str]:
    """What stands against taking the target's lease, where its leases know less than the record."""
    leases = leases_for(session, name.environment)
    try:
        leases.take([name], session.directory.id)
    except HistoryMoved as error:
        return [each.message for each in error.diagnostics]
    except (LeaseHeld, OutcomeUnknown):
        return []
    finally:
        leases.release_all()
    return []


def _looked_at(bench: Bench, name: TargetName, lines: Sequence[str], *, yes: bool) -> bool:
    """Whether a person has. Where nobody can be asked, what is known is shown, and nothing else is done."""
    if yes or bench.ask is None:
        return yes
    text = "\n".join([*lines, f"record that you have looked at {name}?"])
    return bench.ask(asked("state recover", name.environment, text))


def _refuse_living(bench: Bench, lease: Lease | None) -> None:
    """LeaseHeld where the run that announced the change is one of this clone, and lives: its end will be recorded."""
    if lease is None or not is_held(runs_directory(bench.tools.repository.git_directory) / lease.run):
        return
    raise LeaseHeld.of(
        "run-still-working",
        f"run {lease.run} of this clone is still working on `{lease.target}`, or what it started is",
        hint="wait for it, or interrupt it; where it was killed, what it started ends in a moment",
    )


def _announced_lease(bench: Bench, whole: Survey, name: TargetName) -> Lease | None:
    standing = standing_leases(bench, whole, name.environment)
    found = next((held.lease for held in standing if held.lease.target == name), None)
    return found if found and found.intent else None


def _remnant(bench: Bench, name: TargetName) -> Remnant | None:
    """The newest thing that a dead run of this clone left of the target."""
    found = [
        remnant
        for run in abandoned_runs(bench.tools.repository.git_directory)
        for remnant in remnants(run)
        if remnant.target == name
    ]
    return max(found, key=lambda each: each.fence, default=None)


def _overtaken(session: Session, remnant: Remnant) -> bool:
    deployment = session.live(remnant.target)
    return deployment is not None and deployment.last.fence > remnant.fence


def _unknown(session: Session, name: TargetName, remnant: Remnant | None, *, stale: bool) -> tuple[str, ...]:
    """`stale`: the state that was left here is dropped, so what it alone knows of is named."""
    deployment = session.live(name)
    named = deployment.last.unknown if deployment and deployment.last.result is Result.UNKNOWN else ()
    left: tuple[str, ...] = ()
    if remnant:
        left = (*unknown_of(session, remnant), *(lost_of(session, remnant) if stale else ()))
    return tuple(dict.fromkeys((*named, *left)))


def _recorded(session: Session, finding: Finding) -> str:
    environment = finding.target.environment
    session.leases[environment] = leases_for(session, environment)
    try:
        return recover(session, accepted(finding))
    finally:
        session.leases[environment].release_all()


def _settled(remnant: Remnant) -> None:
    """Nothing of the target is left to record in the dead run; when nothing at all is, its plain state goes."""
    journal = Journal.adopt(remnant.run)
    if journal is None:
        return
    try:
        journal.write({"event": "recorded", "target": str(remnant.target), "delivery": "Pushed"})
        if not list(remnants(remnant.run)):
            shutil.rmtree(remnant.run / "work", ignore_errors=True)
            journal.write({"event": "end", "outcome": "recovered"})
    finally:
        journal.close()


def _foreign(session: Session, name: TargetName) -> Foreign | None:
    """What lies in the target's store instead of the state that the record names; None where that one does."""
    place = place_of(session, name)
    if place.stored is None:
        return None
    match place.settings.backend:
        case StateBackend.LOCAL:
            file = Path(place.stored.location)
            state = file.read_bytes() if file.is_file() else b""
        case StateBackend.AS_WRITTEN:
            state = pulled_state(session, name).state
        case _:
            return _newest_kept(place, name)
    facts = readied_engine(session, name, session.live(name)).facts(state)
    if not state or facts.digest == place.stored.facts.digest:
        return None
    stored = replace(
        place.stored,
        facts=facts,
        version=place.stored.version + 1,
        ciphertext=_same_if_named(place, facts.digest),
    )
    return Foreign(state=state, stored=stored, words=_difference(place.stored, stored))


def _newest_kept(place: StatePlace, name: TargetName) -> Foreign | None:
    kept = place.store.versions(name)
    if not kept or place.stored is None:
        return None
    newest = kept[0].stored
    if (newest.version, newest.ciphertext) == (place.stored.version, place.stored.ciphertext):
        return None
    state = place.store.read_version(name, newest.version)
    return Foreign(state=state, stored=newest, words=_difference(place.stored, newest))


def _same_if_named(place: StatePlace, digest: str) -> str:
    return digest if place.stored and place.stored.ciphertext else ""


def _difference(named: StoredState, found: StoredState) -> str:
    return (
        f"its store holds another state than the record names: lineage {found.facts.lineage}, serial "
        f"{found.facts.serial}; the record names lineage {named.facts.lineage}, serial {named.facts.serial}"
    )


def _taken_as_it_is(session: Session, name: TargetName, foreign: Foreign) -> str:
    """Records the state that lies in the store already."""
    with announced(session, name):
        surgery = Surgery(
            target=name,
            kind=EntryKind.RECOVERY,
            state=foreign.state,
            stored=foreign.stored,
            engine=readied_engine(session, name, session.live(name)),
            because=f"a person looked at it: {foreign.words}",
        )
        return written_down(session, surgery)
