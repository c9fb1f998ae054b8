"""`approve` and `reject`: a person's word on the very plan of a pending apply, given on the pull request it came by.

The forge keeps it, because it alone knows who said it (law 12): what anybody who can push could write into the record
would be nobody's word. The next run of `runner ci` counts it, and the entry names who it was.
"""

from __future__ import annotations

from msgspec import Struct

from runner.decisions.contributors import contributors
from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly, Denied
from runner.forge import Forge
from runner.model.names import TargetName
from runner.model.pending import PendingApply
from runner.model.person import Permission, Person
from runner.model.pull_request import Comment
from runner.operations.bench import Bench
from runner.operations.survey import glance, target_named


class ApproveRequest(Struct, frozen=True, kw_only=True):
    """One target as typed. `digest` names the plan, whole; a rejection (`reject`) is of whatever plan, for `reason`."""

    target: str
    digest: str = ""
    reject: bool = False
    reason: str = ""


class ApproveResult(Struct, frozen=True, kw_only=True):
    """What was said, by whom as the forge confirms, on which pull request."""

    target: TargetName
    person: str
    pull: int
    link: str = ""
    rejected: bool = False
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def approve(request: ApproveRequest, bench: Bench) -> ApproveResult:
    """AskedWrongly `nothing-pending`; Denied `plan-stale`, `may-not-approve`; NoAnswer of the forge."""
    with glance(bench) as whole:
        target = target_named(request.target, whole)
        pending = whole.record.pending.standing(target.environment).get(target)
        if pending is None or not pending.pulls:
            raise _nothing(target, pending)
        if not request.reject and request.digest != pending.digest:
            raise _stale(request, pending)
        forge = bench.tools.forge(whole.gates, whole.record.remote, bench.stop)
        notes = whole.notes
    try:
        person = _allowed(forge, pending, own=request.reject)
        said = _said(forge, request, pending)
    finally:
        forge.close()
    return ApproveResult(
        target=target,
        person=person.login,
        pull=pending.pulls[0],
        link=said.link,
        rejected=request.reject,
        notes=notes,
        next=(f"runner status {target}",),
    )


def _allowed(forge: Forge, pending: PendingApply, *, own: bool) -> Person:
    """Who we are on the forge, who may say it. `own`: also of work of their own."""
    person = forge.identity().person
    grant = forge.permission(person)
    if not person.login:
        raise Denied.of(
            "may-not-approve",
            f"the forge does not say who you are: {grant.because or 'there is no token'}",
            hint="give your own token: `GITHUB_TOKEN`, `GITLAB_TOKEN` or `GITEA_TOKEN`",
        )
    because = (
        "" if grant.permission.covers(Permission.WRITE) else grant.because or f"has `{grant.permission}`"
    )
    if not because and not own:
        pull = forge.pull_request(pending.pulls[0])
        because = contributors(pull, forge.contributions(pull)).part_of(person)
    if because:
        raise Denied.of(
            "may-not-approve",
            f"`{person.login}` may not approve `{pending.target}`: {because}",
            hint="somebody with write access whose work it is not can",
        )
    return person


def _said(forge: Forge, request: ApproveRequest, pending: PendingApply) -> Comment:
    words = (
        ("reject", str(pending.target), request.reason)
        if request.reject
        else ("approve", str(pending.target), pending.digest)
    )
    return forge.write_comment(pending.pulls[0], " ".join(filter(None, ("runner", *words))))


def _nothing(target: TargetName, pending: PendingApply | None) -> AskedWrongly:
    why = f": it waits for {pending.because}, which no approval opens" if pending else ""
    return AskedWrongly.of(
        "nothing-pending",
        f"no plan of `{target}` waits to be approved{why}",
        hint="`runner status` shows what waits; what is not merged yet is approved by a review",
    )


def _stale(request: ApproveRequest, pending: PendingApply) -> Denied:
    if not pending.digest:
        return Denied.of("plan-stale", f"`{pending.target}` waits, and no plan of it was made yet")
    return Denied.of(
        "plan-stale",
        f"the plan that waits is `{pending.digest}`, not `{request.digest}`",
        hint=f"look at it (`runner status {pending.target}`), then `runner approve {pending.target} {pending.digest}`",
    )
