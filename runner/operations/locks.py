"""`locks`: who holds what."""

from __future__ import annotations

from collections.abc import Container, Iterator

from msgspec import Struct, field

from runner.diagnostics import Diagnostic
from runner.ledger import HeldLease
from runner.model.names import TargetName
from runner.model.selection_request import SelectionRequest
from runner.operations.bench import Bench
from runner.operations.standing import standing_leases
from runner.operations.survey import Survey, glance, narrows, recorded_names, spreads


class LocksRequest(Struct, frozen=True, kw_only=True):
    """Which targets."""

    selection: SelectionRequest = field(default_factory=SelectionRequest)


class LocksResult(Struct, frozen=True, kw_only=True):
    """The leases that stand, by target; `frozen`: what somebody froze, an environment or a target, with who and why."""

    leases: tuple[HeldLease, ...]
    frozen: tuple[tuple[str, str], ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def locks(request: LocksRequest, bench: Bench) -> LocksResult:
    """Reads the leases at the ledger's remote."""
    with glance(bench, graph=spreads(request.selection)) as whole:
        names = recorded_names(request.selection, whole)
        everything = not narrows(request.selection)
        found = [
            held
            for environment in sorted({*whole.gates.environments, *whole.record.ledger.environments()})
            for held in standing_leases(bench, whole, environment)
            if everything or held.lease.target in names
        ]
        frozen = tuple(_frozen(whole, None if everything else names))
    following = tuple(f"runner unlock {held.lease.target} --reason WHY" for held in found)
    return LocksResult(
        leases=tuple(sorted(found, key=lambda held: held.lease.target)),
        frozen=frozen,
        notes=whole.notes,
        next=following,
    )


def _frozen(whole: Survey, names: Container[TargetName] | None) -> Iterator[tuple[str, str]]:
    ledger = whole.record.ledger
    for environment in sorted(ledger.environments()):
        for why in ledger.freezes(environment).values():
            yield environment, why
        for name, why in sorted(ledger.frozen_targets(environment).items()):
            if names is None or name in names:
                yield str(name), why
