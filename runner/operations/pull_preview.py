"""A pull request planned: the merge of its head into the tip of its branch, by the gates of the default branch (law 2).

Only Git objects are read of it; nothing is checked out into the user's tree. Before any program runs, the static gate
has read the stack (law 5). What is made here nobody applies: at apply everything is planned anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from runner.decisions.affected import Affected, Reason
from runner.decisions.orphans import Unwished
from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly
from runner.git.ranges import merge_bases
from runner.model.happening import TargetFinished
from runner.model.names import TargetName
from runner.model.previewed import Outcome, RequestPreview, TargetPreview
from runner.model.pull_request import PullRequest
from runner.model.selection_request import SelectionRequest
from runner.model.target import Target
from runner.operations.affected import reached
from runner.operations.bench import Bench
from runner.operations.ending_targets import chosen_with, foretold, plan_ends
from runner.operations.judging import believe_inputs
from runner.operations.opening import opened
from runner.operations.planning import PlanRequest
from runner.operations.removal import ending_in
from runner.operations.request_code import CodeRead, CodeReader, change_of
from runner.operations.request_reach import applies_to, gates_for, request_paths
from runner.operations.rounds import Course, plan_round, tell_started
from runner.operations.session import Session
from runner.operations.standpoint import Standpoint
from runner.operations.survey import Law, Survey, survey_at

MOST_NATIVE = 8 << 20
"""Bytes of the engines' own words that are kept of one preview: what is over it cannot be opened in full."""

_OURS = re.compile(r"\w*TOKEN|GITOPS_RUNNER_KEY\w*")
"""Variables that no engine gets; but what runs beside us can read them (law 4), and a plan is told to all."""


class Asked(Struct, frozen=True, kw_only=True):
    """What is to be planned: `pull` at its head. `stranger`: its code waits for a maintainer, but where `named` is the
    commit that one has named. `selectors` narrow it; `queued`: it is the head of a merge queue."""

    pull: PullRequest
    brand: str
    stranger: bool
    named: str = ""
    selectors: tuple[str, ...] = ()
    queued: bool = False


def pull_preview(bench: Bench, stand: Standpoint, asked: Asked) -> RequestPreview:
    """Plans what the merge would touch. Mistakes of the head are notices in it, which close it; NoAnswer and what is
    wrong here are raised."""
    pull, now = asked.pull, bench.clock.now()
    request_paths(bench, stand, pull, asked.brand)  # brings both commits
    tip = bench.tools.repository.remote_branch(stand.remote, pull.into) or ""
    frame = RequestPreview(
        number=pull.number,
        commit=pull.head_commit,
        planned=pull.head_commit,
        into=pull.into,
        law=stand.law,
        run=f"{now:%Y%m%dT%H%M%SZ}-{pull.head_commit[:6]}",
        at=now,
        queued=asked.queued,
        stranger=asked.stranger,
    )
    try:
        frame = replace(frame, planned=merged(bench, tip, pull))
        return _planned(bench, stand, asked, frame, tip)
    except AskedWrongly as error:
        return replace(frame, notices=error.diagnostics)


def merged(bench: Bench, tip: str, pull: PullRequest) -> str:
    """What is there after a merge now: a commit that is in no branch. AskedWrongly `merge-conflict`."""
    repository, head = bench.tools.repository, pull.head_commit
    bases = merge_bases(repository, tip, head)
    if tip in bases:
        return head
    if head in bases:
        return tip
    merge = repository.merge_tree(tip, head)
    if merge.conflicts:
        listed = ", ".join(f"`{path}`" for path in merge.conflicts[:5])
        more = f" and {len(merge.conflicts) - 5} more" if len(merge.conflicts) > 5 else ""
        raise AskedWrongly.of(
            "merge-conflict",
            f"`{head[:12]}` cannot be merged into `{pull.into}` at `{tip[:12]}`: {listed}{more} conflict",
            hint=f"merge `{pull.into}` into the branch and push it",
        )
    return repository.commit_tree(merge.tree, (tip, head), f"runner: {head[:12]} merged into {pull.into}")


def _planned(
    bench: Bench, stand: Standpoint, asked: Asked, frame: RequestPreview, tip: str
) -> RequestPreview:
    law = Law(commit=stand.law, gates=stand.gates, remote=stand.remote)
    whole = survey_at(bench, frame.planned, law, conducts=True)
    rows = reached(bench.tools, f"{tip}..{frame.planned}").rows
    targets, ending = _targets(stand, whole, rows, asked)
    environments = sorted({name.environment for name in (*targets, *ending)})
    frame = replace(
        frame,
        applies={name: gates_for(stand, name).apply for name in environments},
        notices=(
            *_warnings(whole.notes),
            *_orphans(stand, rows, asked.pull.into),
            *map(foretold, ending.values()),
        ),
    )
    if not targets and not ending:
        here, there = tip[:12], frame.planned[:12]
        others = f"; {len(rows)} of other branches or orphans are" if rows else ""
        because = f"no target of `{asked.pull.into}` differs between `{here}` and `{there}`{others}"
        return replace(frame, because=because)
    believe_inputs(whole, targets)
    reader = CodeReader(bench, stand, whole, tip)
    change = change_of(asked.pull.head_commit, asked.named, stranger=asked.stranger)
    code = {name: reader.read(target, change) for name, target in targets.items()}
    whole.record.ledger.refresh(environments)
    shut = {name: each for name, each in code.items() if each.shut}
    waiting = _behind_shut(whole, targets, shut)
    going = {name: target for name, target in targets.items() if name not in shut and name not in waiting}
    made, run = _made(bench, whole, going, ending) if going or ending else ({}, frame.run)
    found = []
    for name in targets:
        preview = made.get(name) or _unplanned(name, code[name], waiting.get(name, ""))
        found.append(_looked_at(preview, rows, code[name]))
    found += [replace(made[name], affected=rows[name].because) for name in ending]
    return replace(frame, targets=tuple(found), run=run)


def _unplanned(name: TargetName, read: CodeRead, waiting: str) -> TargetPreview:
    because = read.verdict.because if read.shut else waiting
    return TargetPreview(target=name, outcome=read.shut or Outcome.SKIPPED, because=because)


def _looked_at(preview: TargetPreview, rows: Mapping[TargetName, Affected], read: CodeRead) -> TargetPreview:
    """With because of what it is looked at, and what its code was found to be."""
    affected = rows[preview.target].because if preview.target in rows else ()
    verdicts = (*preview.verdicts, read.verdict)
    return replace(preview, affected=affected, code=read.told, verdicts=verdicts)


def _targets(
    stand: Standpoint, whole: Survey, rows: Mapping[TargetName, Affected], asked: Asked
) -> tuple[dict[TargetName, Target], dict[TargetName, Unwished]]:
    """What the merge touches, and what it ends, of the environments that it applies to, narrowed to what somebody
    named."""
    selection = SelectionRequest(selectors=asked.selectors, all_environments=not asked.selectors)
    mine = {
        name: row
        for name, row in rows.items()
        if applies_to(gates_for(stand, name.environment), asked.pull.into, stand.branch)
    }
    left = sorted({name.environment for name, row in mine.items() if row.reason is Reason.ORPHAN})
    whole.record.ledger.refresh(left)
    ending = {name: each for name, each in ending_in(whole, left).items() if name in mine}
    targets, ending = chosen_with(selection, whole, ending)
    wanted = {
        name: target
        for name, target in targets.items()
        if name in mine and mine[name].reason is not Reason.ORPHAN
    }
    return wanted, ending


def _behind_shut(
    whole: Survey, targets: Mapping[TargetName, Target], shut: Iterable[TargetName]
) -> dict[TargetName, str]:
    """Those that need what may not be planned, each with what: a plan of them would be of what is there now (law 9)."""
    needs, found = whole.needs(targets), dict.fromkeys(shut, "")
    waiting: dict[TargetName, str] = {}
    moved = True
    while moved:
        moved = False
        for name in targets:
            if name not in found and (
                upstream := next((each for each in needs.get(name, ()) if each in found), None)
            ):
                found[name] = waiting[name] = f"it needs `{upstream}`, which is not planned"
                moved = True
    return waiting


def _warnings(notes: Iterable[Diagnostic]) -> Iterable[Diagnostic]:
    return (each for each in notes if each.severity is not Severity.ERROR)


def _orphans(stand: Standpoint, rows: Mapping[TargetName, Affected], into: str) -> Iterable[Diagnostic]:
    """What nobody wishes for any more after the merge (law 11): told, and not touched."""
    for name, row in sorted(rows.items()):
        told = row.reason is Reason.ORPHAN and row.hint
        if told and applies_to(gates_for(stand, name.environment), into, stand.branch):
            yield Diagnostic(
                code="target-orphaned",
                message=f"`{name}` is not wished for any more: {'; '.join(row.because) or 'it is gone'}",
                hint=row.hint,
                severity=Severity.WARNING,
            )


def _made(
    bench: Bench, whole: Survey, targets: Mapping[TargetName, Target], ending: Mapping[TargetName, Unwished]
) -> tuple[dict[TargetName, TargetPreview], str]:
    """Plans them, upstream first, then what ends; and the run's id."""
    with opened(bench, whole, "preview") as session:
        for variable, secret in bench.variables.items():
            if _OURS.fullmatch(variable):
                session.redactor.add(secret, variable)
        course = Course(
            targets=targets,
            needs=whole.needs(targets),
            request=PlanRequest(keep=True, later=True),
            approve=lambda _: False,
            verb="preview",
        )
        tell_started(session, course)
        outcomes = plan_round(session, course, targets)
        outcomes |= plan_ends(session, ending.values())
        left = MOST_NATIVE
        found: dict[TargetName, TargetPreview] = {}
        for name in (*targets, *ending):
            words = _words(session, name)
            left -= len(words)
            found[name] = _told(session, outcomes.get(name), name, words if left >= 0 else "")
        return found, session.directory.id


def _told(session: Session, ended: TargetFinished | None, name: TargetName, words: str) -> TargetPreview:
    plan = session.planned.get(name)
    if plan is not None and ended is None:
        return TargetPreview(
            target=name, outcome=Outcome.PLANNED, plan=plan, because=plan.because, native=words
        )
    assert ended is not None, f"{name} has no end"
    outcome = Outcome.FAILED if ended.outcome == "failed" else Outcome.SKIPPED
    return TargetPreview(target=name, outcome=outcome, because=ended.because, diagnostics=ended.diagnostics)


def _words(session: Session, name: TargetName) -> str:
    """The engine's own, free of secrets; empty where it was not asked."""
    try:
        return session.directory.plan(name).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
