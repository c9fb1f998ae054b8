"""`freeze` and `thaw`: stop and resume the applies of an environment, or of one target, on the record."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly, NoAnswer
from runner.git import Pushed
from runner.ledger import Writing
from runner.model.entry import Actor, EntryKind
from runner.model.names import TargetName
from runner.operations.bench import Bench
from runner.operations.environment_entries import plain_entry
from runner.operations.opening import opened
from runner.operations.survey import Survey, ledger_chosen, survey, target_named


class FreezeRequest(Struct, frozen=True, kw_only=True):
    """`thaw` ends the freezes by hand of `place`, an environment (then those of its targets too) or a target; else one
    begins, for `reason`, until it is thawed. `actor` None: as Git says."""

    place: str
    reason: str = ""
    thaw: bool = False
    actor: Actor | None = None


class FreezeResult(Struct, frozen=True, kw_only=True):
    """Whether the environment, or its `target` (empty: all of it), is frozen by hand now, and the entry that says so
    (empty: it was so already)."""

    environment: str
    frozen: bool
    target: str = ""
    entry: str = ""
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def freeze(request: FreezeRequest, bench: Bench) -> FreezeResult:
    """Writes a freeze or a thaw. AskedWrongly `no-reason`, `no-such-environment`, or as for any selector of one
    target."""
    whole = survey(bench, worktree=False)
    place = _place(request.place, whole)
    if not request.thaw and not request.reason.strip():
        raise AskedWrongly.of("no-reason", "a freeze has a reason", hint="`--reason 'incident 4711'`")
    ledger_chosen(bench, whole)
    target = str(place) if place.stack else ""
    if request.thaw and not _stands(whole, place):
        return FreezeResult(environment=place.environment, target=target, frozen=False, notes=whole.notes)
    kind = EntryKind.THAW if request.thaw else EntryKind.FREEZE
    with opened(bench, whole, kind, actor=request.actor) as session:
        environment = TargetName(environment=place.environment, stack="")
        entry = plain_entry(session, environment, kind, request.reason or "thawed")
        entry = replace(entry, stacks=(place.stack,) if place.stack else ())
        whole.record.ledger.open(place.environment)
        edits = whole.record.ledger.record(Writing(entry=entry))
        delivery = whole.record.outbox.submit(edits).wait()
    named = target or place.environment
    if not isinstance(delivery, Pushed):
        raise NoAnswer.of(
            "not-recorded", f"`{named}` could not be changed: the remote did not take the entry"
        )
    return FreezeResult(
        environment=place.environment,
        target=target,
        frozen=not request.thaw,
        entry=next(iter(delivery.heads.values()), ""),
        notes=whole.notes,
        next=(f"runner up {named}" if request.thaw else f"runner thaw {named}",),
    )


def _place(word: str, whole: Survey) -> TargetName:
    """The environment (no stack) or the target that is meant."""
    name = word.removeprefix("env/").removeprefix("environments/").removesuffix(".yaml")
    if name in whole.gates.environments:
        return TargetName(environment=name, stack="")
    if "/" in name:
        return target_named(word, whole)
    known = ", ".join(f"`{each}`" for each in sorted(whole.gates.environments))
    raise AskedWrongly.of(
        "no-such-environment", f"there is no environment `{name}`", hint=f"there are: {known}"
    )


def _stands(whole: Survey, place: TargetName) -> bool:
    ledger = whole.record.ledger
    singly = ledger.frozen_targets(place.environment)
    return place in singly if place.stack else bool(singly or ledger.freezes(place.environment))
