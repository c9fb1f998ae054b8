"""`status`: where every target stands, from the record and the code's closure, with its because."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from runner.decisions.selection import is_environment
from runner.diagnostics import Diagnostic
from runner.ledger import HeldLease
from runner.model.entry import Deployment, Result
from runner.model.names import TargetName
from runner.model.pending import Differing, PendingApply
from runner.model.selection_request import SelectionRequest
from runner.operations.bench import Bench
from runner.operations.closures import because_behind
from runner.operations.run_directory import has_died
from runner.operations.standing import standing_leases
from runner.operations.survey import Survey, chosen, glance


class StatusRequest(Struct, frozen=True, kw_only=True):
    """Which targets; orphans of the chosen environments are shown too."""

    selection: SelectionRequest = field(default_factory=SelectionRequest)


class StatusRow(Struct, frozen=True, kw_only=True):
    """One target. `state`: live | behind | never applied | pending | failed | held | orphan | unknown | applying. Of a
    pending apply `digest` names the plan, `pulls` the pull requests that it came by, and `differing` what is not as it
    was approved, side by side."""

    target: TargetName
    state: str
    because: str
    commit: str = ""
    at: datetime | None = None
    actor: str = ""
    engine: str = ""
    resources: int = 0
    lease: str = ""
    serial: int = 0
    entry: str = ""
    digest: str = ""
    pulls: tuple[int, ...] = ()
    differing: tuple[Differing, ...] = ()


class StatusResult(Struct, frozen=True, kw_only=True):
    """The rows, by environment and stack."""

    rows: tuple[StatusRow, ...]
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def status(request: StatusRequest, bench: Bench) -> StatusResult:
    """Where the chosen targets stand at the checked-out commit. Changes nothing."""
    with glance(bench) as whole:
        names = set(chosen(request.selection, whole))
        selectors = request.selection.selectors
        everything = all(is_environment(word, whole.believed.environments) for word in selectors)
        seen = {name.environment for name in names}
        environments = sorted(seen if selectors else seen.union(whole.record.ledger.environments()))
        rows = rows_of(bench, whole, names, environments, everything=everything)
    behind = sorted(
        {row.target.environment for row in rows if row.state in ("behind", "never applied", "failed")}
    )
    unknown = [row.target for row in rows if row.state == "unknown"]
    following = [f"runner state recover {name}" for name in unknown]
    following += [f"runner approve {row.target} {row.digest}" for row in rows if row.digest and row.pulls]
    following += [f"runner up {name}" for name in behind]
    return StatusResult(rows=rows, notes=whole.notes, next=tuple(following))


def rows_of(
    bench: Bench,
    whole: Survey,
    names: set[TargetName],
    environments: list[str],
    *,
    everything: bool,
    own: str = "",
) -> tuple[StatusRow, ...]:
    """The rows of `names`, with the orphans of `environments` when `everything` is asked for. `own` is the run that
    asks at its end: the leases that it is about to give back are not told."""
    rows: list[StatusRow] = []
    for environment in environments:
        live = whole.record.ledger.live(environment)
        leases = _leases(bench, whole, environment, own)
        wished = sorted(name for name in names if name.environment == environment)
        died = _died(bench, leases)
        pending = _pending(whole, environment)
        found = (_row(whole, name, live.get(name.stack), leases, died) for name in wished)
        rows.extend(_waiting(row, pending.get(row.target)) for row in found)
        if everything:
            for stack, deployment in sorted(live.items()):
                name = TargetName(environment=environment, stack=stack)
                if name not in whole.wishes.targets:
                    rows.append(_orphan(name, deployment, leases))
    return tuple(rows)


def _leases(bench: Bench, whole: Survey, environment: str, own: str) -> Mapping[TargetName, HeldLease]:
    """An environment that is no longer configured has no gates, so nobody can take a lease there."""
    if environment not in whole.believed.environments:
        return {}
    standing = standing_leases(bench, whole, environment)
    return {held.lease.target: held for held in standing if held.lease.run != own}


def _pending(whole: Survey, environment: str) -> Mapping[TargetName, PendingApply]:
    """They lie beside the leases, which have just been read, where those are in Git."""
    gates = whole.believed.environments.get(environment)
    elsewhere = gates is None or gates.leases.store != "git"
    return whole.record.pending.standing(environment, refresh=elsewhere)


def _waiting(row: StatusRow, pending: PendingApply | None) -> StatusRow:
    """What is behind, and waits for something."""
    if pending is None or row.state not in ("behind", "never applied"):
        return row
    because = "; ".join((*pending.waits, *(_told(each) for each in pending.differing)))
    return replace(
        row,
        state="pending",
        because=because,
        digest=pending.digest,
        pulls=pending.pulls,
        differing=pending.differing,
    )


def _told(each: Differing) -> str:
    return f"{each.name}: approved {each.approved[:15]}, now {each.now[:15]}"


def _died(bench: Bench, leases: Mapping[TargetName, HeldLease]) -> frozenset[TargetName]:
    """Those whose lease is a run's that certainly is over: it ran in this clone, and nothing of it is left."""
    git_directory = bench.tools.repository.git_directory
    return frozenset(name for name, held in leases.items() if has_died(git_directory, held.lease.run))


def _row(
    whole: Survey,
    name: TargetName,
    deployment: Deployment | None,
    leases: Mapping[TargetName, HeldLease],
    died: Container[TargetName],
) -> StatusRow:
    held = leases.get(name)
    state, because = "", ""
    if held and held.lease.intent and name in died:
        state = "unknown"
        because = f"run {held.lease.run} of this clone was killed; the next `runner up` records what it left"
    elif held and held.lease.intent:
        state, because = "applying", f"run {held.lease.run} of {held.lease.holder} on {held.lease.host}"
    if deployment is None:
        return StatusRow(
            target=name,
            state=state or "never applied",
            because=because or "the record has no entry of it",
            lease=_holder(name, leases),
        )
    if not state:
        state, because = _standing(whole, name, deployment)
    return _filled(name, deployment, state, because, _holder(name, leases))


def _standing(whole: Survey, name: TargetName, deployment: Deployment) -> tuple[str, str]:
    last = deployment.last
    if last.result is Result.UNKNOWN:
        return "unknown", f"nobody saw how these ended: {', '.join(last.unknown)}"
    if deployment.held:
        return "held", "destroyed by hand; an `up` that names it brings it back"
    if last.result is not Result.SUCCEEDED:
        return "failed", last.because
    because = because_behind(whole, whole.wishes.targets[name], deployment)
    return ("behind", because) if because else ("live", "as applied")


def _orphan(name: TargetName, deployment: Deployment, leases: Mapping[TargetName, HeldLease]) -> StatusRow:
    because = f"live, but no longer wished for: `removed: {{{name.stack}: destroy}}` or `forget` ends it"
    return _filled(name, deployment, "orphan", because, _holder(name, leases))


def _filled(name: TargetName, deployment: Deployment, state: str, because: str, lease: str) -> StatusRow:
    last = deployment.last
    return StatusRow(
        target=name,
        state=state,
        because=because,
        commit=last.commit,
        at=last.at,
        actor=last.actor.name,
        engine=last.engine,
        resources=deployment.resources,
        lease=lease,
        serial=last.state.facts.serial if last.state else 0,
        entry=last.id,
    )


def _holder(name: TargetName, leases: Mapping[TargetName, HeldLease]) -> str:
    held = leases.get(name)
    return f"{held.lease.holder} on {held.lease.host}" if held else ""
