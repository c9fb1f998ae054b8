"""`log`: the record, newest first."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from runner.diagnostics import Diagnostic
from runner.model.entry import Entry
from runner.model.selection_request import SelectionRequest
from runner.operations.bench import Bench
from runner.operations.survey import recorded_names, survey


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRequest:
    """At most `limit` entries (0: all) of the chosen targets."""

    selection: SelectionRequest = field(default_factory=SelectionRequest)
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LogResult:
    """Entries, newest first."""

    entries: tuple[Entry, ...]
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def log(request: LogRequest, bench: Bench) -> LogResult:
    """Reads the ledgers of the environments that the chosen targets are in; orphans and ended targets count too."""
    whole = survey(bench, worktree=False)
    names = recorded_names(request.selection, whole)
    environments = sorted({name.environment for name in names})
    everything = not request.selection.selectors
    if everything:
        environments = sorted(whole.record.ledger.environments())
    streams = []
    for environment in environments:
        stacks = [name.stack for name in names if name.environment == environment]
        only = stacks[0] if len(stacks) == 1 and not everything else ""
        entries = whole.record.ledger.entries(
            environment, stack=only, limit=request.limit if only or everything else 0
        )
        streams.append(
            entry for entry in entries if everything or entry.target in names or not entry.target.stack
        )
    merged = heapq.merge(*streams, key=lambda entry: entry.at, reverse=True)
    chosen_entries = []
    for entry in merged:
        chosen_entries.append(entry)
        if request.limit and len(chosen_entries) >= request.limit:
            break
    return LogResult(entries=tuple(chosen_entries), notes=whole.notes)
