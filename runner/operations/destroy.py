"""`destroy`: takes targets down in reverse order; they are *held* then, until an `up` names them."""

from __future__ import annotations

from msgspec import Struct

from runner.decisions.selection import one_environment
from runner.kit.dag import reversed_edges
from runner.model.selection_request import SelectionRequest
from runner.operations.bench import Bench
from runner.operations.code_gate import pass_code_gate
from runner.operations.confirming import refuse_unasked
from runner.operations.judging import Overrides, judge_environments
from runner.operations.opening import opened, take_leases
from runner.operations.planning import PlanRequest
from runner.operations.rounds import Course, asking, run_rounds, tell_started
from runner.operations.settling import refuse_left, settle
from runner.operations.survey import chosen, committed_worktree, dependents_left, survey
from runner.operations.up import UpResult, finished


class DestroyRequest(Struct, frozen=True, kw_only=True):
    """Which targets; overrides as for `up`."""

    selection: SelectionRequest
    yes: bool = False
    jobs: int = 0
    allow_dirty: bool = False
    off_branch: bool = False


def destroy(request: DestroyRequest, bench: Bench) -> UpResult:
    """Destroys what is live of the chosen targets. A target that others still need is refused, with their names."""
    whole = survey(bench, worktree=False, conducts=True)
    if request.allow_dirty and whole.revision.dirty:
        whole = committed_worktree(bench, whole)
    left = settle(bench, whole)
    named = chosen(request.selection, whole)
    refuse_left(left, named)
    one_environment(named, request.selection, "destroy")
    refuse_unasked(bench, "`--yes` destroys without asking", yes=request.yes)
    overrides = Overrides(allow_dirty=request.allow_dirty, off_branch=request.off_branch)
    environments = sorted({name.environment for name in named})
    notes = judge_environments(bench, whole, environments, named, overrides)
    live = {
        name: target
        for name, target in named.items()
        if (deployment := whole.record.ledger.live(name.environment).get(name.stack)) and not deployment.held
    }
    dependents_left(whole, live)
    code = pass_code_gate(bench, whole, live)
    with opened(bench, whole, "destroy", jobs=request.jobs, overrides=overrides.recorded()) as session:
        expected = environments[0] if len(environments) == 1 else "yes"
        course = Course(
            targets=live,
            needs=reversed_edges(whole.needs(live)),
            request=PlanRequest(destroy=True),
            approve=asking(session, "destroy", yes=request.yes, expected=expected),
            verb="destroy",
        )
        tell_started(session, course)
        take_leases(session, live)
        outcomes = run_rounds(session, course)
        return finished(session, outcomes, environments, (*whole.notes, *notes, *code.notes))
