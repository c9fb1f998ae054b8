"""`freeze` and `thaw`: stop and resume the applies of an environment, on the record."""

from __future__ import annotations

from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly, NoAnswer
from runner.git import Pushed
from runner.ledger import Writing
from runner.model.entry import EntryKind
from runner.model.names import TargetName
from runner.operations.bench import Bench
from runner.operations.environment_entries import plain_entry
from runner.operations.opening import opened
from runner.operations.survey import ledger_chosen, survey


class FreezeRequest(Struct, frozen=True, kw_only=True):
    """`thaw` ends all freezes by hand of `environment`; else one begins, for `reason`, until it is thawed."""

    environment: str
    reason: str = ""
    thaw: bool = False


class FreezeResult(Struct, frozen=True, kw_only=True):
    """Whether the environment is frozen by hand now, and the entry that says so (empty: it was so already)."""

    environment: str
    frozen: bool
    entry: str = ""
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def freeze(request: FreezeRequest, bench: Bench) -> FreezeResult:
    """Writes a freeze or a thaw. AskedWrongly `no-reason`, `no-such-environment`."""
    name = request.environment.removeprefix("env/").removeprefix("environments/").removesuffix(".yaml")
    whole = survey(bench, worktree=False)
    if name not in whole.gates.environments:
        known = ", ".join(f"`{each}`" for each in sorted(whole.gates.environments))
        raise AskedWrongly.of(
            "no-such-environment", f"there is no environment `{name}`", hint=f"there are: {known}"
        )
    if not request.thaw and not request.reason.strip():
        raise AskedWrongly.of("no-reason", "a freeze has a reason", hint="`--reason 'incident 4711'`")
    ledger_chosen(bench, whole)
    if request.thaw and not whole.record.ledger.freezes(name):
        return FreezeResult(environment=name, frozen=False, notes=whole.notes)
    with opened(bench, whole, "thaw" if request.thaw else "freeze") as session:
        target = TargetName(environment=name, stack="")
        kind = EntryKind.THAW if request.thaw else EntryKind.FREEZE
        entry = plain_entry(session, target, kind, request.reason or "thawed")
        whole.record.ledger.open(name)
        edits = whole.record.ledger.record(Writing(entry=entry))
        delivery = whole.record.outbox.submit(edits).wait()
    if not isinstance(delivery, Pushed):
        raise NoAnswer.of("not-recorded", f"`{name}` could not be changed: the remote did not take the entry")
    following = (f"runner thaw {name}",) if not request.thaw else (f"runner up {name}",)
    head = next(iter(delivery.heads.values()), "")
    return FreezeResult(
        environment=name, frozen=not request.thaw, entry=head, notes=whole.notes, next=following
    )
