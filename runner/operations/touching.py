"""`--changed`: a selection narrowed to what a range of commits touches."""

from __future__ import annotations

from msgspec.structs import replace

from runner.decisions.affected import Reason
from runner.diagnostics import Diagnostic, Severity
from runner.model.selection_request import SelectionRequest
from runner.operations.affected import reached
from runner.operations.bench import Bench


def narrowed(
    request: SelectionRequest, bench: Bench, *, worktree: bool
) -> tuple[SelectionRequest, tuple[Diagnostic, ...]]:
    """`request` with the targets that its range touches, those that need them too, and what there is to say of it.
    `worktree`: without a range what lies in the work tree counts, else only what is committed."""
    if request.changed is None:
        return request, ()
    found = reached(bench.tools, request.changed or ("" if worktree else ".."))
    names = frozenset(name for name, row in found.rows.items() if row.reason is not Reason.ORPHAN)
    said = f"--changed: {len(names)} of {found.of} targets, compared {found.compared.words}"
    note = Diagnostic(code="changed-targets", message=said, severity=Severity.NOTE)
    return replace(request, touched=names), (*found.compared.notes, note)
