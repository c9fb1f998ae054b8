"""Before anything new is begun, what earlier commands of this clone could not finish is finished or named (law 8)."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path

from msgspec import Struct

from runner.diagnostics import Diagnostic, Severity
from runner.errors import OutcomeUnknown
from runner.kit.journal import Journal
from runner.model.happening import Noted
from runner.model.lease import Lease
from runner.model.names import TargetName
from runner.operations.abandoned import Remnant, remnants
from runner.operations.bench import Bench
from runner.operations.opening import leases_for, opened
from runner.operations.overtaken import Overtaken, let_go_or_told, sent_again
from runner.operations.recovery import Finding, lost_of, recover, unknown_of
from runner.operations.run_directory import abandoned_runs
from runner.operations.session import Session
from runner.operations.standing import standing_leases
from runner.operations.survey import Survey, ledger_chosen

Left = dict[TargetName, tuple[str, ...]]


class Unsettled(Struct, frozen=True, kw_only=True):
    """What is not ours to record without a person. `left`: what dead runs of this clone made that is on no record, as
    `address id`; `overtaken`: records that could not be sent in time."""

    left: Left
    overtaken: tuple[Overtaken, ...] = ()


def settle(bench: Bench, whole: Survey) -> Unsettled:
    """Sends what the outbox kept, then recovers the dead runs of this clone whose leases are still theirs. What is left
    is for `state recover`.

    NoAnswer where the remote still does not answer: nothing new is begun on top of what is not recorded. AskedWrongly
    where nobody has said yet where the record is kept.
    """
    ledger_chosen(bench, whole)
    overtaken, sent = sent_again(bench, whole)
    abandoned = list(abandoned_runs(bench.tools.repository.git_directory))
    left: Left = {}
    if not abandoned and not sent:
        return Unsettled(left=left)
    environments = sorted({*whole.gates.environments, *whole.record.ledger.environments()})
    whole.record.ledger.refresh(environments)
    for place in abandoned:
        left |= _settle_run(bench, whole, place)
    if overtaken and abandoned:
        whole.record.ledger.refresh(environments)
    return Unsettled(left=left, overtaken=let_go_or_told(bench, whole, overtaken, left))


def refuse_left(unsettled: Unsettled, targets: Iterable[TargetName]) -> None:
    """OutcomeUnknown where one of `targets` is among what `settle` could not settle: nobody plans over it (law 8)."""
    left = unsettled.left
    diagnostics = [
        Diagnostic(
            code="outcome-unknown",
            message=f"a run of this clone lost the lease of `{target}` and made what no record has: "
            f"{', '.join(left[target])}",
            hint=f"`runner state recover {target}` names it on the record; with `--force` the state left here counts",
        )
        for target in targets
        if left.get(target)
    ]
    if diagnostics:
        raise OutcomeUnknown(diagnostics)


def _settle_run(bench: Bench, whole: Survey, place: Path) -> Left:
    journal = Journal.adopt(place)
    if journal is None:
        return {}
    try:
        found = {remnant.target: _settled(bench, whole, remnant, journal) for remnant in remnants(place)}
        left = {target: lost for target, lost in found.items() if lost is not None}
        if not left:
            shutil.rmtree(place / "work", ignore_errors=True)
            journal.write({"event": "end", "outcome": "recovered"})
        return left
    finally:
        journal.close()


def _settled(bench: Bench, whole: Survey, remnant: Remnant, journal: Journal) -> tuple[str, ...] | None:
    """None when nothing of `remnant` is left to record; else what it alone knows of."""
    target = remnant.target
    if _arrived(whole, remnant):
        return None
    lease = _lease(bench, whole, target)
    if lease is None or lease.nonce != remnant.nonce:
        with opened(bench, whole, "recover") as session:
            lost = lost_of(session, remnant)
        if lease is None and not lost and _overtaken(whole, remnant):
            return None
        bench.tell(Noted(diagnostic=_not_ours(target), target=target))
        return lost
    with opened(bench, whole, "recover") as session:
        session.leases[target.environment] = leases_for(
            session, target.environment, gone=journal.directory.name
        )
        finding = Finding(
            target=target,
            lease=lease,
            remnant=remnant,
            unknown=unknown_of(session, remnant),
            accepted=False,
            journal=journal,
        )
        entry = _recover_or_release(session, finding)
        bench.tell(Noted(diagnostic=_recovered(finding, entry), target=target))
    return None


def _recover_or_release(session: Session, finding: Finding) -> str:
    if finding.remnant and finding.remnant.begun:
        return recover(session, finding)
    leases = session.leases_of(finding.target)
    leases.take_over(finding.target, session.directory.id)
    leases.end(finding.target)
    return ""


def _lease(bench: Bench, whole: Survey, target: TargetName) -> Lease | None:
    standing = standing_leases(bench, whole, target.environment)
    return next((held.lease for held in standing if held.lease.target == target), None)


def _arrived(whole: Survey, remnant: Remnant) -> bool:
    """Whether the run's own entry arrived after all (it died between the push and its journal)."""
    entries = whole.record.ledger.entries(remnant.target.environment, remnant.target.stack)
    since = takewhile(lambda entry: entry.fence >= remnant.fence, entries)
    return any(entry.run == remnant.run.name for entry in since)


def _overtaken(whole: Survey, remnant: Remnant) -> bool:
    """Whether somebody has recorded the target since."""
    return whole.record.ledger.fence(remnant.target) > remnant.fence


def _recovered(finding: Finding, entry: str) -> Diagnostic:
    what = "its state is on the record now" if entry else "it had not changed anything yet"
    named = f"; nobody saw how these ended: {', '.join(finding.unknown)}" if finding.unknown else ""
    run = finding.remnant.run.name if finding.remnant else ""
    return Diagnostic(
        code="run-recovered",
        message=f"run {run} was killed while it worked on `{finding.target}`: {what}{named}",
        hint=f"runner state recover {finding.target}" if finding.unknown else "",
        severity=Severity.WARNING,
    )


def _not_ours(target: TargetName) -> Diagnostic:
    return Diagnostic(
        code="remnant-not-ours",
        message=f"a killed run of this clone left a state of `{target}`, but its lease is not ours any more",
        hint=f"`runner state recover {target}` shows both and records what you choose",
        severity=Severity.WARNING,
    )
