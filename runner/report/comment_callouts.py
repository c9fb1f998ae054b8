"""What is read before all else: what is wrong, what runs code, what will be lost, what nobody planned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runner.diagnostics import Diagnostic, Severity
from runner.model.change import Change, ChangeKind
from runner.model.plan import PlanKind
from runner.model.previewed import Outcome, RequestPreview, TargetPreview
from runner.report.markdown_parts import bullets, clipped, few, joined, words
from runner.report.safe_text import code, code_block
from runner.report.value_text import counted as numbered

_LOST = {
    ChangeKind.REPLACE: "will be **replaced**",
    ChangeKind.DELETE: "will be **destroyed**",
    ChangeKind.UNKNOWN: "will be changed **in a way that is not known**",
}


def callouts(preview: RequestPreview, most: int) -> str:
    """The part above the fold; of each kind at most `most` lines, then how many more there are."""
    return joined(
        (
            _section("Closed", _notices(preview.notices, Severity.ERROR), most),
            _section("Failed", _grouped(_failures(preview)), most),
            _section("Code that runs", _grouped(_code(preview)), most),
            _stranger(preview),
            _section("Lost", _grouped(_losses(preview)), most),
            _section("Not as asked for", _grouped(_unsure(preview)), most),
            _section("Changed in the cloud since the last apply", _grouped(_drift(preview)), most),
            _section("Noted", _notices(preview.notices, Severity.WARNING), most),
        )
    )


def place(diagnostic: Diagnostic) -> str:
    """Where it is, as code, behind a blank; empty where it has no place."""
    return f" at {code(clipped(str(diagnostic.span)))}" if diagnostic.span else ""


def _section(title: str, lines: list[str], most: int) -> str:
    if not lines:
        return ""
    left = [f"and {len(lines) - most:,} more"] if len(lines) > most else []
    return f"**{title}**\n\n{bullets([*lines[:most], *left])}"


def _grouped(found: Iterable[tuple[str, TargetPreview]]) -> list[str]:
    """What is said of targets, with those of which the same is said in one line."""
    said: dict[str, dict[str, None]] = {}
    for text, each in found:
        said.setdefault(text, {})[str(each.target)] = None
    return [f"{few(list(names))}{_many(len(names))}: {text}" for text, names in said.items()]


def _many(number: int) -> str:
    return f" ({numbered(number, 'target')})" if number > 5 else ""


def _notices(notices: Iterable[Diagnostic], severity: Severity) -> list[str]:
    kept = [each for each in notices if (each.severity is Severity.ERROR) is (severity is Severity.ERROR)]
    return [_told(each) for each in kept]


def _told(each: Diagnostic) -> str:
    hint = f" ({words(each.hint)})" if each.hint else ""
    return f"{words(each.message)}{place(each)}{hint}"


def _failures(preview: RequestPreview) -> Iterator[tuple[str, TargetPreview]]:
    for each in preview.targets:
        if each.outcome in (Outcome.FAILED, Outcome.APPLY_FAILED):
            told = [_told(one) for one in each.diagnostics] or [words(each.because or "it says no more")]
            yield from ((text, each) for text in told)


def _code(preview: RequestPreview) -> Iterator[tuple[str, TargetPreview]]:
    for each in preview.targets:
        yield from ((_told(finding), each) for finding in each.code)


def _stranger(preview: RequestPreview) -> str:
    held = [each for each in preview.targets if each.outcome is Outcome.HELD_BACK]
    if not held:
        return ""
    return (
        f"{numbered(len(held), 'target')} of it {'was' if len(held) == 1 else 'were'} not planned, for that runs code "
        "of somebody who may not push here. Whoever may, and has read this very commit, lets it run by a comment of "
        f"this one line:\n\n{code_block(f'runner preview {preview.commit}')}"
    )


def _losses(preview: RequestPreview) -> Iterator[tuple[str, TargetPreview]]:
    for each in preview.targets:
        if each.plan and each.plan.planned:
            for change in each.plan.planned.changes:
                if change.kind in _LOST:
                    yield _lost(change), each


def _lost(change: Change) -> str:
    why = f": {words(change.reason)}" if change.reason else ""
    deposed = f" (deposed object {code(clipped(change.deposed))})" if change.deposed else ""
    return f"{code(clipped(change.address))}{deposed} {_LOST[change.kind]}{why}"


def _unsure(preview: RequestPreview) -> Iterator[tuple[str, TargetPreview]]:
    for each in preview.targets:
        plan = each.plan
        if plan is None:
            continue
        because = f": {words(plan.because)}" if plan.because else ""
        if plan.kind is PlanKind.DEFERRED:
            yield f"**deferred**, so not planned yet{because}", each
        elif plan.kind is PlanKind.PROVISIONAL:
            yield f"**provisional**, so nobody can approve it{because}", each
        if plan.planned and plan.planned.errored:
            yield "the engine stopped with an error: this is **not the whole plan**", each
        elif plan.planned and not plan.planned.complete:
            yield "**incomplete**: applying it leaves changes to be made", each


def _drift(preview: RequestPreview) -> Iterator[tuple[str, TargetPreview]]:
    for each in preview.targets:
        if each.plan and each.plan.planned:
            drifted = [one.address for one in each.plan.planned.drift if one.kind is not ChangeKind.NO_OP]
            if drifted:
                yield few([clipped(address) for address in drifted]), each
