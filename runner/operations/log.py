"""`log`: the record, newest first."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct, field

from runner.diagnostics import Diagnostic
from runner.model.entry import Entry
from runner.model.selection_request import SelectionRequest
from runner.operations.bench import Bench
from runner.operations.survey import Survey, glance, narrows, recorded_names, spreads


class LogRequest(Struct, frozen=True, kw_only=True):
    """At most `limit` entries (0: all) of the chosen targets."""

    selection: SelectionRequest = field(default_factory=SelectionRequest)
    limit: int = 50


class LogResult(Struct, frozen=True, kw_only=True):
    """Entries, newest first."""

    entries: tuple[Entry, ...]
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def log(request: LogRequest, bench: Bench) -> LogResult:
    """Reads the ledgers of the environments that the chosen targets are in; orphans and ended targets count too."""
    with glance(bench, graph=spreads(request.selection)) as whole:
        merged = heapq.merge(*_streams(request, whole), key=lambda entry: entry.at, reverse=True)
        return LogResult(entries=tuple(islice(merged, request.limit or None)), notes=whole.notes)


def _streams(request: LogRequest, whole: Survey) -> Iterator[Iterator[Entry]]:
    """The entries of each environment, newest first, read as they are asked for."""
    ledger = whole.record.ledger
    if not narrows(request.selection):
        yield from (ledger.entries(environment) for environment in ledger.environments())
        return
    names = recorded_names(request.selection, whole)
    for environment in sorted({name.environment for name in names}):
        stacks = [name.stack for name in names if name.environment == environment]
        entries = ledger.entries(environment, stack=stacks[0] if len(stacks) == 1 else "")
        yield (entry for entry in entries if entry.target in names or not entry.target.stack)
