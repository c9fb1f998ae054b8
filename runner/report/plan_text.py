"""A plan at a glance: what is lost first and loud, then what is made, then what it is bound to and what to type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from runner.model.change import AttributePath, Change, ChangeKind, OutputChange
from runner.model.plan import Counts, Plan, PlanKind, Planned, counted
from runner.model.references import Json
from runner.report.diagnostics_text import diagnostic_lines
from runner.report.styled import Line, Piece, Style, indented, line
from runner.report.value_difference import ADDED, CHANGED, REMOVED, Marks, attribute_lines
from runner.report.value_text import (
    HIDDEN,
    HIDDEN_AND_CHANGED,
    LATER,
    ago,
    at_path,
    is_sensitive,
    masked,
    path_text,
    written,
)

ORDER: tuple[ChangeKind, ...] = (
    ChangeKind.REPLACE,
    ChangeKind.DELETE,
    ChangeKind.UNKNOWN,
    ChangeKind.CREATE,
    ChangeKind.UPDATE,
    ChangeKind.MOVE,
    ChangeKind.IMPORT,
    ChangeKind.FORGET,
    ChangeKind.READ,
)
"""What is lost or not understood comes before all else; what stays as it is is not shown."""

_HEADS: dict[ChangeKind, tuple[Piece, str]] = {
    ChangeKind.REPLACE: (Piece("-/+ ", Style.LOUD), "will be REPLACED"),
    ChangeKind.DELETE: (Piece("  - ", Style.LOUD), "will be DESTROYED"),
    ChangeKind.UNKNOWN: (Piece("  ? ", Style.LOUD), "will be changed in a way that is NOT KNOWN"),
    ChangeKind.CREATE: (Piece("  + ", Style.GOOD), "will be created"),
    ChangeKind.UPDATE: (Piece("  ~ ", Style.CHANGED), "will be updated in place"),
    ChangeKind.MOVE: (Piece(" -> ", Style.CHANGED), "will have a new address"),
    ChangeKind.IMPORT: (Piece(" <- ", Style.CHANGED), "will be imported"),
    ChangeKind.FORGET: (Piece("  x ", Style.WARNING), "will be forgotten, and goes on to exist"),
    ChangeKind.READ: (Piece(" <= ", Style.FAINT), "will be read during the apply"),
}
_LOUD = frozenset({ChangeKind.REPLACE, ChangeKind.DELETE, ChangeKind.UNKNOWN})
_IDENTIFYING = ("id", "arn", "name", "bucket")


def plan_lines(plan: Plan, *, unfolded: bool = False, applying: bool = False) -> list[Line]:
    """The whole plan of one target; `unfolded` also lists the attributes of what will be destroyed; `applying`: the
    run that shows it is about to apply it, so nothing is said of how to."""
    if plan.planned is None:
        return [line(_title(plan), Piece(" is not planned yet", Style.WARNING), _because(plan.because))]
    if not plan.changed:
        return [
            line(
                _title(plan),
                Piece(" is unchanged", Style.GOOD),
                _because(plan.because or "nothing is to be applied"),
                Piece(f" (planned {ago(plan.age)})" if plan.age is not None else "", Style.FAINT),
            ),
            *indented(_remarks(plan, plan.planned), 2),
        ]
    return [
        line(_title(plan), Piece(f"  {_making(plan)}", Style.FAINT)),
        *indented(_remarks(plan, plan.planned), 2),
        *(
            each
            for change in _ordered(plan.planned.changes)
            for each in indented(_change_lines(change, unfolded), 2)
        ),
        *indented(_outputs(plan.planned.outputs), 2),
        *indented(_ending(plan, plan.planned, applying), 2),
    ]


def plan_parts(plan: Plan) -> list[list[Line]]:
    """What a plan says of the cloud, with nothing of the target in it, so that like plans read alike: what must be read
    first, each change, the outputs. Parts that say nothing are left out."""
    if plan.planned is None:
        return []
    parts = [
        list(_remarks(plan, plan.planned)),
        *(list(_change_lines(change)) for change in _ordered(plan.planned.changes)),
        list(_outputs(plan.planned.outputs)),
    ]
    return [each for each in parts if each]


def counts_text(counts: Counts) -> str:
    """`1 to replace, 2 to create`: losses first; what is zero is left out."""
    named = (
        (counts.replace, "to replace"),
        (counts.delete, "to destroy"),
        (counts.unknown, "not known"),
        (counts.create, "to create"),
        (counts.update, "to update"),
        (counts.move, "to move"),
        (counts.imported, "to import"),
        (counts.forget, "to forget"),
        (counts.read, "to read"),
        (counts.outputs, "output to change" if counts.outputs == 1 else "outputs to change"),
    )
    return ", ".join(f"{number:,} {words}" for number, words in named if number) or "no resource changes"


def counted_text(plan: Plan) -> str:
    """The counts of a plan, or that it has none."""
    return counts_text(counted(plan.planned)) if plan.planned else "not planned yet"


def _change_lines(change: Change, unfolded: bool = False) -> Iterator[Line]:
    """One change: a head, and its attributes where they tell something."""
    sign, words = _HEADS.get(change.kind, (Piece("    "), "stays as it is"))
    loud = Style.LOUD if change.kind in _LOUD else Style.FAINT
    yield line(sign, Piece(change.address, Style.STRONG), " ", Piece(words + _particulars(change), loud))
    if change.previous_address and change.previous_address != change.address:
        yield line("      ", Piece("was ", Style.FAINT), change.previous_address)
    yield from indented(_attributes(change, unfolded), 6)


def _particulars(change: Change) -> str:
    said = [
        f"({change.order})" if change.order else "",
        f"(deposed object {change.deposed})" if change.deposed else "",
        f"from {change.import_id}" if change.import_id else "",
        f": {change.reason}" if change.reason else "",
    ]
    return "".join(each if each.startswith(":") else f" {each}" for each in said if each)


def _attributes(change: Change, unfolded: bool) -> Iterator[Line]:
    hidden = change.sensitive_paths
    before, after = _object(masked(change.before, hidden)), _object(masked(change.after, hidden))
    match change.kind:
        case ChangeKind.DELETE | ChangeKind.FORGET:
            yield from _kept(before, Marks(sensitive=frozenset(hidden)), unfolded)
            return
        case ChangeKind.NO_OP | ChangeKind.READ:
            return
        case (
            ChangeKind.CREATE
            | ChangeKind.UPDATE
            | ChangeKind.REPLACE
            | ChangeKind.IMPORT
            | ChangeKind.MOVE
            | ChangeKind.UNKNOWN
        ):
            pass
        case _:
            assert_never(change.kind)
    marks = Marks(
        sensitive=frozenset(hidden),
        differing=frozenset([*(each.path for each in change.diff), *_secretly_different(change)]),
        forcing=frozenset(each.path for each in change.diff if each.forces_replace),
    )
    yield from attribute_lines(before, after, marks)
    yield from _unseen(change, before, after)


def _secretly_different(change: Change) -> Iterator[AttributePath]:
    """Sensitive places whose values differ, which masking makes look alike."""
    for path in change.sensitive_paths:
        if at_path(change.before, path) != at_path(change.after, path):
            yield path


def _kept(before: dict[str, Json], marks: Marks, unfolded: bool) -> Iterator[Line]:
    """What will be gone: enough to know it by, unless all is asked for."""
    known = [key for key in sorted(before) if before[key] is not None]
    shown = known if unfolded else [key for key in _IDENTIFYING if key in known]
    for key in shown:
        yield line(REMOVED, f"{key} = ", HIDDEN if marks.hides((key,)) else written(before[key]))
    if folded := len(known) - len(shown):
        yield line(Piece(f"# ({folded} attribute{'' if folded == 1 else 's'} not shown)", Style.FAINT))


def _unseen(change: Change, before: dict[str, Json], after: dict[str, Json]) -> Iterator[Line]:
    """Differences that the engine names and that neither value shows (law 10: unknown counts as change)."""
    for each in change.diff:
        if not each.path:
            continue
        if each.path[0] not in before and each.path[0] not in after:
            forced = Piece("  # forces replacement" if each.forces_replace else "", Style.LOUD)
            sign = {"add": ADDED, "remove": REMOVED}.get(each.op, CHANGED)
            yield line(sign, path_text(each.path), Piece(" (value not shown)", Style.FAINT), forced)


def _ordered(changes: Sequence[Change]) -> list[Change]:
    shown = [change for change in changes if change.kind in ORDER]
    return sorted(shown, key=lambda change: (ORDER.index(change.kind), change.address, change.deposed))


def _title(plan: Plan) -> Piece:
    return Piece(str(plan.target), Style.NAME)


def _making(plan: Plan) -> str:
    engine = f"planned by {plan.engine}" if plan.engine else "planned"
    before = f" {ago(plan.age)}, and nothing that it is made of has changed" if plan.age is not None else ""
    return f"{engine}{' to be destroyed' if plan.destroy else ''}{before}"


def _because(text: str) -> str:
    return f": {text}" if text else ""


def _remarks(plan: Plan, planned: Planned) -> Iterator[Line]:
    """What must be read before the changes: foreign code, an incomplete plan, drift."""
    yield from diagnostic_lines(planned.diagnostics)
    if planned.errored:
        yield line(Piece("The engine stopped with an error: this is not the whole plan.", Style.LOUD))
    elif not planned.complete:
        yield line(Piece("The plan is incomplete: applying it leaves changes to be made.", Style.WARNING))
    if plan.partial:
        yield line(Piece("Partial, only: ", Style.WARNING), ", ".join(plan.partial))
    for check in planned.checks:
        if check.get("status", "pass") != "pass" and not (plan.destroy and check["status"] == "unknown"):
            told = " ".join(
                filter(None, (check.get("address", ""), check["status"], check.get("message", "")))
            )
            yield line(Piece("check ", Style.WARNING), told)
    drifted = [change for change in planned.drift if change.kind is not ChangeKind.NO_OP]
    if drifted:
        yield line(Piece("Changed in the cloud since the last apply: ", Style.WARNING), _named(drifted))


def _named(changes: Sequence[Change], most: int = 5) -> str:
    names = ", ".join(change.address for change in changes[:most])
    return f"{names} and {len(changes) - most} more" if len(changes) > most else names


def _outputs(outputs: Sequence[OutputChange]) -> Iterator[Line]:
    changed = sorted(
        (each for each in outputs if each.kind is not ChangeKind.NO_OP), key=lambda each: each.name
    )
    if changed:
        yield line(Piece("outputs", Style.STRONG))
    for each in changed:
        yield line("    ", _output_sign(each), f"{each.name} = ", *_output_value(each))


def _output_sign(each: OutputChange) -> Piece:
    return {ChangeKind.CREATE: ADDED, ChangeKind.DELETE: REMOVED}.get(each.kind, CHANGED)


def _output_value(each: OutputChange) -> tuple[Piece, ...]:
    if each.sensitive or is_sensitive(each.before) or is_sensitive(each.after):
        return (HIDDEN if each.kind in (ChangeKind.CREATE, ChangeKind.DELETE) else HIDDEN_AND_CHANGED,)
    after = written(each.after) if each.known else LATER
    match each.kind:
        case ChangeKind.CREATE:
            return (after,)
        case ChangeKind.DELETE:
            return (written(each.before), Piece(" -> null", Style.FAINT))
        case _:
            return (written(each.before), Piece(" -> "), after)


def _ending(plan: Plan, planned: Planned, applying: bool) -> Iterator[Line]:
    yield line(Piece("plan: ", Style.STRONG), counts_text(counted(planned)))
    if plan.digest:
        yield line(Piece("digest: ", Style.FAINT), Piece(plan.digest, Style.FAINT))
    if plan.kind is PlanKind.PROVISIONAL:
        yield line(Piece("provisional, so nobody can approve it", Style.WARNING), _because(plan.because))
    else:
        if plan.because:
            yield line(Piece("because ", Style.FAINT), plan.because)
        verb = "destroy" if plan.destroy else "up"
        if not applying:
            yield line(Piece("to apply: ", Style.FAINT), f"runner {verb} {plan.target}")


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) and not is_sensitive(value) else {}
