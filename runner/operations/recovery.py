"""Writes down what a dead or lost run left: its newest state, and the names of what nobody saw end (laws 7, 8)."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from runner.decisions.handed_over import Witnessed, parted, unknown_in
from runner.decisions.handed_over import unknown_of as unknown_among
from runner.decisions.left_locks import DeadProcess
from runner.engine import Engine, LockKeeper, StateContents
from runner.errors import OutcomeUnknown, RunnerError
from runner.git import Edit, Pushed
from runner.kit.journal import Journal
from runner.ledger import Writing
from runner.model.entry import Deployment, Entry, EntryKind, Result, StoredState
from runner.model.environment import StateBackend
from runner.model.lease import Lease
from runner.model.names import TargetName
from runner.model.stack import EngineWish
from runner.operations.abandoned import Remnant
from runner.operations.engine_locks import cleared_of
from runner.operations.output_marks import marks_of
from runner.operations.session import Session
from runner.operations.state_contents import contents_of
from runner.operations.stores import settings_for, store_for
from runner.operations.workplace import readied_engine, workspace_to_read

_ELSEWHERE = StateBackend.AS_WRITTEN


class Finding(Struct, frozen=True, kw_only=True):
    """What is known of an end that was not recorded. `state` None: the store's newest version is the newest there is.
    `standing`: which of it the newest state has, as `address id`.
    `accepted`: a person has looked, so the unknown no longer stands in the way. `instead`: names the state on record
    whose place the remnant's takes because a person says so, though it may be newer; empty: the newest is taken.
    `journal` is the dead run's, while we
    hold it: it learns whose the lease is now, in case that we die too."""

    target: TargetName
    lease: Lease | None
    remnant: Remnant | None
    unknown: tuple[str, ...]
    accepted: bool
    standing: tuple[str, ...] = ()
    instead: str = ""
    journal: Journal | None = None


def recover(session: Session, finding: Finding) -> str:
    """Takes the lease over, writes one entry of kind recovery with the newest state, and ends the lease.

    Returns the entry's id. OutcomeUnknown `not-recorded` where it could not be written.
    """
    target = finding.target
    leases = session.leases_of(target)
    leases.take_over(target, session.directory.id)
    if finding.journal:
        nonce = leases.held(target).nonce
        finding.journal.write({"event": "taken-over", "target": str(target), "nonce": nonce})
    session.survey.record.ledger.refresh([target.environment])
    cleared = cleared_of(session, target, _process(finding))
    writing, edits = _written(session, finding, cleared)
    ledger_edits = session.survey.record.ledger.record(writing)
    delivery = leases.end(target, (*ledger_edits, *edits), keep=True)
    if not isinstance(delivery, Pushed):
        raise OutcomeUnknown.of(
            "not-recorded",
            f"the recovery of `{target}` could not be recorded: {getattr(delivery, 'message', 'its lease moved')}",
            hint="the state is kept in this clone; try again when the remote answers",
        )
    return next((head for ref, head in delivery.heads.items() if ref == ledger_edits[0].ref), "")


def unknown_of(session: Session, remnant: Remnant) -> tuple[str, ...]:
    """What nobody saw end of a dead run, as `address id`; what the newest state has is known."""
    if remnant.elsewhere:
        contents = _kept_elsewhere(session, remnant.target) if remnant.process else None
        return unknown_in(remnant.witnessed, contents) if contents else unknown_among(remnant.witnessed, None)
    engine = _engine(session, remnant.target, remnant)
    state = remnant.state
    if not state:
        store = store_for(session, remnant.target)
        versions = store.versions(remnant.target)
        state = store.read_version(remnant.target, versions[0].stored.version) if versions else b""
    return unknown_in(remnant.witnessed, engine.contents(state))


def pending_of(session: Session, name: TargetName) -> tuple[str, ...]:
    """What the newest stored state of `name` itself says was begun and did not end, as `address id`: of a machine that
    was lost nothing else is left."""
    versions = store_for(session, name).versions(name)
    if not versions:
        contents = _kept_elsewhere(session, name)
        return unknown_in(Witnessed(), contents) if contents else ()
    engine = readied_engine(session, name, session.live(name))
    state = store_for(session, name).read_version(name, versions[0].stored.version)
    return unknown_in(Witnessed(), engine.contents(state))


def _kept_elsewhere(session: Session, name: TargetName) -> StateContents | None:
    """What a state says that its engine keeps, for engines that write down there what they begin. None where it is not
    to be had: what was seen counts then."""
    target = session.survey.wishes.targets.get(name)
    try:
        if target is None or settings_for(session, target, session.live(name)).backend is not _ELSEWHERE:
            return None
        engine = readied_engine(session, name, None)
        if not isinstance(engine, LockKeeper):
            return None
        state = workspace_to_read(session, name)
    except RunnerError:
        return None
    return engine.contents(state) if state else None


def lost_of(session: Session, remnant: Remnant) -> tuple[str, ...]:
    """What a dead run made, as `address id`, that no state in the store has had since: only what it left here knows."""
    if remnant.elsewhere:
        return ()
    engine, store = _engine(session, remnant.target, remnant), store_for(session, remnant.target)
    since = [each.stored.version for each in store.versions(remnant.target) if each.fence >= remnant.fence]
    states = (store.read_version(remnant.target, version) for version in since)
    known = {resource.id for state in states for resource in engine.contents(state).resources}
    made = (seen for seen in remnant.witnessed.finished if seen[1] == "create" and seen[2])
    return tuple(f"{address} {identity}" for address, _, identity in made if identity not in known)


def standing_of(session: Session, finding: Finding) -> tuple[str, ...]:
    """Those of what is unknown that the newest state has, as `address id`: they were made, and what nobody saw is the
    end of their provisioners, or of a change. One that stood there when all was last well is not what was made."""
    target, remnant, previous = finding.target, finding.remnant, session.live(finding.target)
    if not finding.unknown or (remnant and remnant.elsewhere):
        return ()
    engine, store = _engine(session, target, remnant), store_for(session, target)
    versions = [each.stored for each in store.versions(target)]
    newest = store.read_version(target, versions[0].version) if versions else b""
    ours = remnant.state if remnant and remnant.state else b""
    if ours and (not newest or engine.facts(ours).serial >= engine.facts(newest).serial):
        newest = ours
    good = previous.good.state if previous and previous.good else None
    known = next((each for each in versions if good and each.version == good.version), None)
    before = engine.contents(store.read_version(target, known.version)).resources if known else ()
    ids = {each.address: each.id for each in before}
    standing = {each.address: each.id for each in engine.contents(newest).resources}
    return tuple(
        f"{address} {standing[address]}".strip()
        for address, identity in map(parted, finding.unknown)
        if address in standing
        if (standing[address] == identity if identity else standing[address] != ids.get(address))
    )


def given_up(session: Session, remnant: Remnant) -> tuple[str, tuple[str, ...]]:
    """The stored state that would go if a dead run's were taken, in words (empty where there is no other), and what it
    alone knows of, as `address id`."""
    engine, store = _engine(session, remnant.target, remnant), store_for(session, remnant.target)
    versions = store.versions(remnant.target)
    if not versions or not remnant.state:
        return "", ()
    newest = versions[0].stored
    if engine.facts(remnant.state).digest == newest.facts.digest:
        return "", ()
    kept = engine.contents(store.read_version(remnant.target, newest.version)).resources
    ours = {resource.id for resource in engine.contents(remnant.state).resources}
    lost = tuple(f"{each.address} {each.id}" for each in kept if each.id and each.id not in ours)
    return f"version {newest.version} (serial {newest.facts.serial})", lost


def _process(finding: Finding) -> DeadProcess | None:
    """The dead run's engine: as its journal knows it, else as its lease does."""
    lease = finding.lease
    if finding.remnant and finding.remnant.process:
        return finding.remnant.process
    if lease is None or lease.intent is None:
        return None
    return DeadProcess(host=lease.host, process=lease.intent.process, since=lease.intent.at)


def _written(session: Session, finding: Finding, cleared: str) -> tuple[Writing, tuple[Edit, ...]]:
    target = finding.target
    previous = session.live(target)
    engine = _engine(session, target, finding.remnant)
    contents, stored, edits = _newest(session, finding, engine, previous)
    entry = _entry(session, finding, previous, stored)
    entry = replace(entry, because="; ".join(filter(None, (entry.because, cleared))))
    deployment = Deployment(
        target=target,
        last=entry,
        good=previous.good if previous else None,
        outputs={name: output.sensitive for name, output in contents.outputs.items()} if contents else {},
        directory=finding.remnant.directory if finding.remnant else _directory(session, target, previous),
        held=previous.held if previous else False,
        depends_on=previous.depends_on if previous else (),
        resources=len(contents.resources) if contents else 0,
        marks=marks_of(session, target, contents.outputs) if contents else {},
        read=previous.read if previous else None,
    )
    return (
        Writing(
            entry=entry,
            deployment=deployment,
            outputs=contents.outputs if contents else None,
            resources=contents.resources if contents else None,
        ),
        edits,
    )


def _entry(
    session: Session, finding: Finding, previous: Deployment | None, stored: StoredState | None
) -> Entry:
    remnant, intent = finding.remnant, finding.lease.intent if finding.lease else None
    whole = session.survey
    result = Result.UNKNOWN if finding.unknown and not finding.accepted else Result.INTERRUPTED
    commit = remnant.commit if remnant else intent.commit if intent else whole.revision.commit
    run = remnant.run.name if remnant else intent.run if intent else ""
    return Entry(
        target=finding.target,
        kind=EntryKind.RECOVERY,
        result=result,
        commit=commit,
        law=whole.law,
        actor=session.actor,
        run=session.directory.id,
        at=session.bench.clock.now(),
        engine=remnant.engine_words if remnant else previous.last.engine if previous else "",
        state=stored,
        fence=session.leases_of(finding.target).held(finding.target).fence,
        because=_because(run, finding.instead),
        unknown=finding.unknown,
    )


def _because(run: str, instead: str) -> str:
    words = (
        f"run {run} ended without a record" if run else "a person looked at what had ended without a record"
    )
    return f"{words}; its state was taken by hand instead of {instead}" if instead else words


def _newest(
    session: Session, finding: Finding, engine: Engine, previous: Deployment | None
) -> tuple[StateContents | None, StoredState | None, tuple[Edit, ...]]:
    """The newest of: what the dead run's engine wrote here, and what the store holds."""
    target, remnant = finding.target, finding.remnant
    store = store_for(session, target)
    fence = session.leases_of(target).held(target).fence
    versions = store.versions(target)
    stored = versions[0].stored if versions else previous.last.state if previous else None
    kept = store.read_version(target, stored.version) if versions and stored else b""
    ours = remnant.state if remnant and remnant.state else b""
    newest = engine.facts(ours) if ours else None
    known = engine.facts(kept) if kept else None
    if finding.instead and newest and known and newest.serial <= known.serial:
        ours = engine.renumbered(ours, known.serial + 1)  # law 13: a serial never goes back
        newest = engine.facts(ours)
    if newest and (known is None or (newest.digest != known.digest and newest.serial >= known.serial)):
        state = _settled(engine, ours, finding)
    else:
        state = _settled(engine, kept, finding)
        if state == kept:
            return (contents_of(session, target, engine, kept) if kept else None), stored, ()
    saved = store.save(target, state, engine.facts(state), fence, stored)
    return contents_of(session, target, engine, state), saved.stored, saved.edits


def _settled(engine: Engine, state: bytes, finding: Finding) -> bytes:
    """What a person has looked at is not pending any more."""
    if not state or not finding.accepted:
        return state
    settled = engine.settled(state)
    return state if settled == state else engine.renumbered(settled, engine.facts(state).serial + 1)


def _engine(session: Session, name: TargetName, remnant: Remnant | None) -> Engine:
    whole = session.survey
    target = whole.wishes.targets.get(name)
    if target:
        return session.bench.tools.engine(target.stack.engine, whole.gates)
    if remnant:
        return session.bench.tools.engine(EngineWish(name=remnant.engine), whole.gates)
    raise OutcomeUnknown.of(
        "outcome-unknown",
        f"`{name}` ended without a record, and it is not in the checked-out commit",
        hint="check out the commit that was applied (`runner locks` names it), then try again",
    )


def _directory(session: Session, target: TargetName, previous: Deployment | None) -> str:
    wished = session.survey.wishes.targets.get(target)
    return wished.stack.directory if wished else previous.directory if previous else ""


def accepted(finding: Finding) -> Finding:
    """`finding`, after a person has looked."""
    return replace(finding, accepted=True)
