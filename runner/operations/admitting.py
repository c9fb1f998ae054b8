"""Whether a merged change may be applied: each plan as it is now against what was approved (law 1), asked of the forge.

What is missing is no failure: the target becomes a pending apply, and everything is asked anew the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from threading import Lock

from msgspec import Struct, field
from msgspec.structs import replace

from runner.decisions.approvals import ApprovalFacts, Approving, standing
from runner.decisions.binding import differences, holds
from runner.decisions.required_checks import checks_verdicts
from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly
from runner.forge import Forge
from runner.git.commit_tree import CommitTree
from runner.model.approval import Showing, Standing, Vouched
from runner.model.environment import Gates, Requires, Reviews
from runner.model.happening import TargetFinished
from runner.model.names import TargetName
from runner.model.pending import Differing, PendingApply
from runner.model.person import Permission, Person
from runner.model.plan import Digests, Plan, PlanKind
from runner.model.pull_request import PullRequest
from runner.model.verdict import Answer
from runner.operations.approval_facts import Wanted, approval_facts, owners_file
from runner.operations.approved_code import ShownAndNow, code_approved
from runner.operations.comparing import Comparing, step_paths
from runner.operations.diverging import divergences
from runner.operations.named_words import NamedWords, named_words
from runner.operations.request_reach import bring_head
from runner.operations.session import Session
from runner.operations.shown_before import known_before
from runner.operations.shown_records import Showings
from runner.operations.survey import gates_of
from runner.operations.unapplied import Arrived, Came
from runner.report.comment_check import CHECK

_SOMEBODY = Requires(reviews=Reviews(count=1))


class Hearing(Struct, frozen=True, kw_only=True):
    """What a run's plans are heard by. `gates` of each environment say what is asked; `arrived`: how each target came
    to be behind; `first`: of what kind its first plan in this run was. `kept` are pending applies, filled as they are
    found. `publisher`: who published what a pull request would do; None: the account that asks."""

    forge: Forge
    gates: Mapping[str, Gates]
    unknown: frozenset[str]
    arrived: Mapping[TargetName, Arrived]
    first: Mapping[TargetName, PlanKind]
    publisher: Callable[[PullRequest], Person | None] = lambda _: None
    kept: dict[TargetName, PendingApply] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)
    facts: dict[tuple[int, str], _Facts] = field(default_factory=dict)


class _Facts(Struct, frozen=True, kw_only=True):
    approval: ApprovalFacts
    words: NamedWords


class _Found(Struct, frozen=True, kw_only=True):
    """`waits` empty: it may be applied."""

    waits: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    differing: tuple[Differing, ...] = ()


def admitted(session: Session, hearing: Hearing, plan: Plan) -> TargetFinished | None:
    """None where the plan may be applied, and who vouched for it is in the session; else how its target ends. NoAnswer
    where the forge does not answer."""
    name, came = plan.target, hearing.arrived.get(plan.target, Arrived())
    with hearing.lock:
        found = _heard(session, hearing, plan, came)
    numbers = tuple(each.pull.number for each in came.pulls)
    if not found.waits:
        listed = ",".join(str(each) for each in numbers)
        session.vouched[name] = Vouched(approvers=found.approvers, pull_request=listed)
        return None
    waiting = PendingApply(
        target=name,
        commit=session.survey.revision.commit,
        law=session.survey.law,
        waits=found.waits,
        at=session.bench.clock.now(),
        digest=plan.digest,
        pulls=numbers,
        differing=found.differing,
        run=session.directory.id,
    )
    hearing.kept[name] = waiting
    return pending_outcome(waiting)


def pending_outcome(waiting: PendingApply) -> TargetFinished:
    """How a target ends that waits."""
    hint = f"runner approve {waiting.target} {waiting.digest}" if waiting.digest and waiting.pulls else ""
    told = Diagnostic(code="apply-pending", message=waiting.because, hint=hint, severity=Severity.WARNING)
    return TargetFinished(
        target=waiting.target,
        outcome="pending",
        because=waiting.because,
        diagnostics=(told,),
        exit_code=8,
    )


def _heard(session: Session, hearing: Hearing, plan: Plan, came: Arrived) -> _Found:
    gates = hearing.gates[plan.target.environment]
    requires = gates.requires or Requires()
    if not came.pulls:
        return _Found(waits=tuple(_direct(hearing, plan, came, requires)))
    tries = [_of_pull(session, hearing, plan, each, requires) for each in came.pulls]
    return next((each for each in tries if not each.waits), tries[0])


def _direct(hearing: Hearing, plan: Plan, came: Arrived, requires: Requires) -> Iterator[str]:
    """What came by no pull request, or by a change of gates alone, was shown to nobody, and approved by nobody."""
    what = (
        f"`{came.direct[-1][:12]}` came by no pull request"
        if came.direct
        else "nothing of its own has changed"
    )
    reviews = requires.reviews or Reviews()
    if reviews.count or reviews.codeowners:
        yield f"{what}, so nobody can have approved it, and reviews are required"
    if requires.checks or requires.destroys is not None:
        yield f"{what}, and what is required of one is required here"
    if plan.target.environment in hearing.unknown:
        yield f"`{plan.target.environment}` is new: the gates before it do not know it"
    if hearing.first.get(plan.target, PlanKind.PLANNED) is not PlanKind.PLANNED:
        yield "it could be planned only now that what it needs is live, and nobody has seen the plan"


def _of_pull(session: Session, hearing: Hearing, plan: Plan, came: Came, requires: Requires) -> _Found:
    """What is missing of a plan, as far as one pull request goes that it came by."""
    digests, planned = plan.digests, plan.planned
    if digests is None or planned is None:
        return _Found(waits=("there is no plan to approve",))
    facts, paths = _facts_of(session, hearing, came, requires)
    shown = _shown(facts.approval.showings, plan.target)
    code = shown is not None and code_approved(
        session,
        hearing.forge,
        ShownAndNow(target=plan.target, came=came, shown=shown, now=digests, planned=planned),
        lambda other: _by_itself(session, hearing, plan, other, requires),
    )
    asked = Approving(
        target=plan.target,
        digests=digests,
        planned=planned,
        requires=requires,
        paths=paths,
        code_approved=code,
    )
    counted = standing(asked, facts.approval)
    named = standing(replace(asked, requires=_SOMEBODY), replace(facts.approval, reviews=()))
    waits = list(counted.missing)
    if waits:
        waits += [f"`{each.login}`: {each.because}" for each in counted.reviews if not each.counts]
    waits += _rejected(facts, plan.target)
    if not named.open:
        waits += _unseen(hearing, asked, came, shown)
    waits += _checks(hearing, came, requires)
    if requires.undiverged:
        waits += _diverged(session, hearing, plan.target, came)
    differing = _side_by_side(shown, digests) if waits and shown else ()
    return _Found(
        waits=tuple(dict.fromkeys(waits)), approvers=_approvers(counted, named), differing=differing
    )


def _by_itself(session: Session, hearing: Hearing, plan: Plan, came: Came, requires: Requires) -> bool:
    """Whether another pull request was approved for what it showed of the target at its own head. What the plan of
    today destroys is asked of the one that it is held against."""
    facts, paths = _facts_of(session, hearing, came, requires)
    last = facts.approval.showings[-1] if facts.approval.showings else None
    shown = last.digests.get(plan.target) if last and last.commit == came.pull.head_commit else None
    if shown is None or plan.planned is None:
        return False
    own = replace(requires, destroys=None)
    asked = Approving(target=plan.target, digests=shown, planned=plan.planned, requires=own, paths=paths)
    closed = (*_rejected(facts, plan.target), *_checks(hearing, came, requires))
    return standing(asked, facts.approval).open and not closed


def _facts_of(
    session: Session, hearing: Hearing, came: Came, requires: Requires
) -> tuple[_Facts, tuple[str, ...]]:
    """With the paths by which a pull request touches the target."""
    repository = session.bench.tools.repository
    paths = tuple(sorted({path for step in came.steps for path in step_paths(repository, step)}))
    return _facts(session, hearing, came, requires, paths), paths


def _approvers(*standings: Standing) -> tuple[str, ...]:
    return tuple(dict.fromkeys(login for each in standings for login in each.approvers))


def _shown(showings: tuple[Showing, ...], target: TargetName) -> Digests | None:
    """What was shown of a target last."""
    return showings[-1].digests.get(target) if showings else None


def _unseen(hearing: Hearing, plan: Approving, came: Came, shown: Digests | None) -> Iterator[str]:
    """What was merged was what was shown: another plan is a person's to look at, whoever approved the first."""
    gates = hearing.gates[plan.target.environment]
    if plan.target.environment in hearing.unknown:
        yield f"`{plan.target.environment}` is new: the gates before it do not know it, and one approval names the plan"
    late = hearing.first.get(plan.target, PlanKind.PLANNED) is not PlanKind.PLANNED
    if gates.plans.on_merge == "fresh" and not late:
        return
    if shown is None:
        yield f"pull request {came.pull.number} showed no plan of it that could be approved"
        return
    verdict = holds(shown, plan.digests, plan.planned, code_approved=plan.code_approved)
    if verdict.answer is not Answer.ALLOW:
        yield verdict.because


def _side_by_side(shown: Digests, now: Digests) -> tuple[Differing, ...]:
    return tuple(
        Differing(
            name=each.name,
            approved=getattr(shown, each.name),
            now=getattr(now, each.name),
            because=each.because,
        )
        for each in differences(shown, now)
    )


def _rejected(facts: _Facts, target: TargetName) -> Iterator[str]:
    for each in facts.words.rejections:
        grant = facts.approval.grants.get(each.person.login.casefold())
        if each.target == target and grant is not None and grant.permission.covers(Permission.WRITE):
            yield f"`{each.person.login}` rejected it"


def _checks(hearing: Hearing, came: Came, requires: Requires) -> Iterator[str]:
    required = [
        each for each in requires.checks if each.name.partition("/")[0] != CHECK
    ]  # ours waits for nobody
    if required:
        reports = hearing.forge.checks(came.pull.head_commit)
        for verdict in checks_verdicts(required, reports, came.pull.head_commit):
            if verdict.answer is not Answer.ALLOW:
                yield verdict.because


def _diverged(session: Session, hearing: Hearing, name: TargetName, came: Came) -> Iterator[str]:
    """The head against its branch as it was right before the merge: what was squashed is not in the branch itself."""
    whole, bench, pull = session.survey, session.bench, came.pull
    try:
        bring_head(bench, whole.record.remote, pull, hearing.forge.project.brand)
    except AskedWrongly as error:
        yield error.diagnostics[0].message
        return
    comparing = Comparing(bench, whole.gates, partial(gates_of, whole))
    verdict = divergences(comparing, pull.head_commit, came.onto, pull.into, (name,))[name]
    if verdict.answer is not Answer.ALLOW:
        yield f"of pull request {pull.number}, {verdict.because}"


def _facts(
    session: Session, hearing: Hearing, came: Came, requires: Requires, paths: tuple[str, ...]
) -> _Facts:
    key = (came.pull.number, repr((requires, paths)))
    if key not in hearing.facts:
        forge, record = hearing.forge, session.survey.record
        us = hearing.publisher(came.pull)
        known = known_before(forge, Showings(record.refs, record.outbox), came.pull, us)
        words = named_words(forge, came.pull)
        said = (*words.approvals, *words.rejections)
        law = CommitTree(session.bench.tools.repository, session.survey.law)
        owning = requires.reviews is not None and requires.reviews.codeowners
        wanted = Wanted(
            requires=(requires, _SOMEBODY) if said else (requires,),
            paths=paths,
            owners=owners_file(law, forge.project.brand) if owning else None,
            showings=known.showings,
            named=said,
        )
        asked = replace(approval_facts(forge, came.pull, wanted), named=words.approvals)
        hearing.facts[key] = _Facts(approval=asked, words=words)
    return hearing.facts[key]
