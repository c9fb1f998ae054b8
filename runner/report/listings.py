"""Tables for people: where targets stand, the record, leases, outputs, runs, checks of a machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from runner.model.change import Output
from runner.model.entry import Entry, Resource, Result
from runner.model.lease import Lease
from runner.model.names import TargetName
from runner.report.styled import Line, Piece, Style, line, table
from runner.report.value_text import HIDDEN, written

_STATES: dict[str, Style] = {
    "live": Style.GOOD,
    "behind": Style.CHANGED,
    "never applied": Style.FAINT,
    "failed": Style.BAD,
    "held": Style.WARNING,
    "orphan": Style.WARNING,
    "unknown": Style.BAD,
    "applying": Style.CHANGED,
    "ended": Style.FAINT,
}
_NAME_ROOM = 20
_RESULTS = {Result.SUCCEEDED: Style.GOOD}


class Standing(Protocol):
    """Where one target stands, as `status` finds it."""

    @property
    def target(self) -> TargetName: ...
    @property
    def state(self) -> str: ...
    @property
    def because(self) -> str: ...
    @property
    def commit(self) -> str: ...
    @property
    def at(self) -> datetime | None: ...
    @property
    def actor(self) -> str: ...
    @property
    def engine(self) -> str: ...
    @property
    def resources(self) -> int: ...
    @property
    def lease(self) -> str: ...


class RunStanding(Protocol):
    """One run that this clone remembers."""

    @property
    def id(self) -> str: ...
    @property
    def started(self) -> datetime: ...
    @property
    def verb(self) -> str: ...
    @property
    def outcome(self) -> str: ...


class Finding(Protocol):
    """One check of this machine; `ok` None: could not be looked at, or does not matter here."""

    @property
    def name(self) -> str: ...
    @property
    def ok(self) -> bool | None: ...
    @property
    def found(self) -> str: ...
    @property
    def hint(self) -> str: ...


def standings(rows: Sequence[Standing]) -> list[Line]:
    """`status`, and what is live at the end of a run."""
    cells = [
        (
            Piece(str(row.target), Style.NAME),
            Piece(row.state, _STATES.get(row.state, Style.WARNING)),
            Piece(row.commit[:10]),
            Piece(moment(row.at)),
            Piece(_brief(row.actor)),
            Piece(row.engine.partition(" (")[0], Style.FAINT),
            Piece(f"{row.resources:,}" if row.resources else ""),
            Piece(row.lease, Style.WARNING),
            Piece("" if row.state == "live" else row.because),
        )
        for row in rows
    ]
    headings = ("target", "state", "commit", "at", "by", "engine", "resources", "lease", "because")
    return table(headings, cells) if rows else []


def entries(record: Sequence[Entry]) -> list[Line]:
    """`log`: one line an entry, newest first as given."""
    cells = [
        (
            Piece(each.id[:10], Style.CHANGED),
            Piece(moment(each.at)),
            Piece(str(each.target) if each.target.stack else each.target.environment, Style.NAME),
            Piece(str(each.kind)),
            Piece(str(each.result), _RESULTS.get(each.result, Style.BAD)),
            Piece(each.commit[:10]),
            Piece(_brief(each.actor.name)),
            Piece(_counts(each.counts)),
            Piece(", ".join(sorted(each.overrides)), Style.WARNING),
            Piece(each.because, Style.FAINT),
        )
        for each in record
    ]
    headings = ("entry", "at", "target", "kind", "result", "commit", "by", "counts", "overrides", "because")
    return table(headings, cells) if record else []


def _brief(actor: str) -> str:
    """A person as a table has room for; `show` and `--json` have the whole name."""
    name = actor.partition("@")[0] or actor
    return name if len(name) <= _NAME_ROOM else name[: _NAME_ROOM - 1] + "…"


def entry_lines(entry: Entry) -> list[Line]:
    """`show` of an entry: each thing it binds, what is empty left out."""
    named = {
        "entry": entry.id,
        "target": str(entry.target) if entry.target.stack else entry.target.environment,
        "kind": f"{entry.kind} {entry.result}",
        "at": entry.at.isoformat(),
        "by": entry.actor.name + ("" if entry.actor.confirmed else " (unconfirmed)"),
        "commit": entry.commit,
        "gates of": entry.law,
        "run": entry.run,
        "engine": entry.engine,
        "plan": entry.digests.plan if entry.digests else "",
        "code": entry.digests.code if entry.digests else "",
        "state": _state(entry),
        "fence": str(entry.fence) if entry.fence else "",
        "counts": _counts(entry.counts),
        "partial": ", ".join(entry.partial),
        "approved by": ", ".join(entry.approvers),
        "pull request": entry.pull_request,
        "credentials": entry.credentials,
        "signature": entry.signature.split("\n")[0],
        "because": entry.because,
    }
    width = max(map(len, named))
    told = [line(Piece(f"{name:<{width}}  ", Style.FAINT), text) for name, text in named.items() if text]
    told += [
        line(Piece("override  ", Style.WARNING), f"{name}: {why}") for name, why in entry.overrides.items()
    ]
    return told + [line(Piece("outcome unknown  ", Style.BAD), address) for address in entry.unknown]


def resource_table(resources: Sequence[Resource]) -> list[Line]:
    """What an entry says is live."""
    cells = [
        (Piece(each.address, Style.NAME), Piece(each.type, Style.FAINT), Piece(each.id)) for each in resources
    ]
    return table(("resource", "type", "id"), cells) if resources else []


def outputs_table(values: Mapping[TargetName, Mapping[str, Output]], *, reveal: bool) -> list[Line]:
    """`outputs`: sensitive ones as a mark, unless they are to be revealed."""
    cells = [
        (
            Piece(str(target), Style.NAME),
            Piece(name, Style.STRONG),
            HIDDEN if output.sensitive and not reveal else written(output.value),
        )
        for target, outputs in values.items()
        for name, output in sorted(outputs.items())
    ]
    return table(("target", "output", "value"), cells) if cells else []


def lease_table(leases: Sequence[Lease]) -> list[Line]:
    """`locks`: who holds what since when, and what for."""
    cells = [
        (
            Piece(str(each.target), Style.NAME),
            Piece(f"{each.holder} on {each.host}"),
            Piece(moment(each.taken_at)),
            Piece(f"{each.term:g} s"),
            Piece(str(each.fence)),
            Piece(each.run, Style.FAINT),
            Piece(f"{each.intent.purpose} {each.intent.commit[:10]}" if each.intent else ""),
        )
        for each in leases
    ]
    return table(("target", "holder", "since", "term", "fence", "run", "intent"), cells) if leases else []


def run_table(runs: Sequence[RunStanding]) -> list[Line]:
    """`logs` without a run: those that can be asked for."""
    cells = [
        (Piece(each.id, Style.NAME), Piece(moment(each.started)), Piece(each.verb), Piece(each.outcome))
        for each in runs
    ]
    return table(("run", "started", "verb", "outcome"), cells) if runs else []


def finding_lines(findings: Sequence[Finding]) -> list[Line]:
    """`doctor`: a line a check, and a hint below each that is not well."""
    signs = {
        True: Piece("ok   ", Style.GOOD),
        False: Piece("BAD  ", Style.BAD),
        None: Piece("--   ", Style.FAINT),
    }
    width = max((len(each.name) for each in findings), default=0)
    told: list[Line] = []
    for each in findings:
        told.append(line(signs[each.ok], Piece(f"{each.name:<{width}}  ", Style.STRONG), each.found))
        if each.hint and each.ok is not True:
            told.append(line("     ", Piece("hint", Style.GOOD), f": {each.hint}"))
    return told


def moment(at: datetime | None) -> str:
    """`2026-11-23 13:42Z`, the same for every reader."""
    return at.strftime("%Y-%m-%d %H:%MZ") if at else ""


def _counts(counts: Mapping[str, int]) -> str:
    # The one plural among them is Terraform's "outputs".
    named = ((name.removesuffix("s") if number == 1 else name, number) for name, number in counts.items())
    return ", ".join(f"{number} {name}" for name, number in named if number)


def _state(entry: Entry) -> str:
    if entry.state is None:
        return ""
    facts = entry.state.facts
    return f"{entry.state.store}, lineage {facts.lineage}, serial {facts.serial}"
