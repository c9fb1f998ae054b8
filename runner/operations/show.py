"""`show`: one entry of the record, or a plan as it was made; `--raw` in the engine's own words."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly
from runner.model.entry import Entry, Resource
from runner.model.names import TargetName, encoded
from runner.operations.bench import Bench
from runner.operations.closures import closure_in
from runner.operations.run_directory import kept_runs
from runner.operations.survey import Survey, glance


class ShowRequest(Struct, frozen=True, kw_only=True):
    """`what`: an entry's id, a target (its last entry and what is live), or a plan's digest."""

    what: str
    raw: bool = False


class ShowResult(Struct, frozen=True, kw_only=True):
    """`text` is a plan as it was shown, or the engine's own words."""

    entry: Entry | None = None
    resources: tuple[Resource, ...] = ()
    text: str = ""
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def show(request: ShowRequest, bench: Bench) -> ShowResult:
    """Finds what is meant. AskedWrongly `nothing-to-show` where nothing, or more than one thing, is."""
    with glance(bench, graph=False) as whole:
        return _found(request, bench, whole)


def _found(request: ShowRequest, bench: Bench, whole: Survey) -> ShowResult:
    target = _target(request.what, whole)
    if target:
        ledger = whole.record.ledger
        deployment = ledger.live(target.environment).get(target.stack)
        newest = next(ledger.entries(target.environment, stack=target.stack, limit=1), None)
        entry = ledger.entry(target.environment, newest.id) if newest else None  # with its signature
        resources = tuple(ledger.resources(target)) if deployment else ()
        text = _kept_text(bench, target, entry.run if entry else "") if request.raw else ""
        notes = (*whole.notes, *_widening(whole, target))
        return ShowResult(entry=entry, resources=resources, text=text, notes=notes)
    plan = _plan(bench, request)
    if plan:
        return ShowResult(text=plan, notes=whole.notes)
    for environment in whole.record.ledger.environments():
        try:
            entry = whole.record.ledger.entry(environment, request.what)
        except AskedWrongly:
            continue
        text = _kept_text(bench, entry.target, entry.run) if request.raw else ""
        return ShowResult(entry=entry, text=text, notes=whole.notes)
    raise AskedWrongly.of(
        "nothing-to-show",
        f"`{request.what}` is no entry, no target and no kept plan",
        hint="`runner log` lists entries, `runner status` targets; `runner preview --save` keeps plans",
    )


def _widening(whole: Survey, name: TargetName) -> tuple[Diagnostic, ...]:
    """What counts as the code of a target because a path in it is computed, in the surveyed commit."""
    target = whole.wishes.targets.get(name)
    told = target and closure_in(whole, target).widening
    return (told,) if told else ()


def _target(what: str, whole: Survey) -> TargetName | None:
    parts = what.removeprefix("env/")
    environment, _, stack = parts.partition("/")
    name = TargetName(environment=environment, stack=stack)
    known = name in whole.wishes.targets or (stack and stack in whole.record.ledger.live(environment))
    return name if stack and known else None


def _plan(bench: Bench, request: ShowRequest) -> str:
    wanted = request.what.removeprefix("c1:")
    if len(wanted) < 6:
        return ""
    for place in kept_runs(bench.tools.repository.git_directory):
        for file in (place / "plans").glob("*.digest"):
            if file.read_text().removeprefix("c1:").startswith(wanted):
                return _text(file.with_suffix(".txt"))
    return ""


def _kept_text(bench: Bench, target: TargetName, run: str) -> str:
    for place in kept_runs(bench.tools.repository.git_directory):
        if place.name == run:
            return _text(place / "plans" / f"{encoded(str(target))}.txt")
    raise AskedWrongly.of(
        "nothing-to-show",
        f"the engine's own words of run {run} are not in this clone",
        hint="they stay where the run was made",
    )


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""
