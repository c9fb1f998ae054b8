"""What GitHub's payloads mean, and what ours are to say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from runner.forge import Protection
from runner.forge.github_wire import (
    AccountOfCommit,
    ActivityWire,
    BranchWire,
    CheckRunWire,
    CommentWire,
    CommitWire,
    EditorWire,
    GitPerson,
    ProtectionWire,
    PullWire,
    RequiredCheckWire,
    ReviewWire,
    RightsWire,
    RuleWire,
    StatusWire,
    UserWire,
)
from runner.forge.pushing import Push
from runner.model.check import Annotation, Check, CheckReport, CheckState, RolloutState
from runner.model.person import NO_ONE, Permission, Person
from runner.model.pull_request import (
    Comment,
    MergeKind,
    PullCommit,
    PullRequest,
    PullState,
    Review,
    ReviewState,
    Signature,
)

ANNOTATIONS = 50  # a request
TITLE = 140  # characters of a status's description; a check's title has room for more
COMMENT = 65_536
SUMMARY = 65_535
MOST_COMMITS = 250  # of a pull request, that are listed
BOT = "[bot]"

MERGES: Mapping[MergeKind, str] = {
    MergeKind.MERGE: "merge",
    MergeKind.SQUASH: "squash",
    MergeKind.REBASE: "rebase",
    MergeKind.UNKNOWN: "merge",
}
ROLLOUTS: Mapping[RolloutState, str] = {
    RolloutState.PENDING: "queued",
    RolloutState.RUNNING: "in_progress",
    RolloutState.SUCCEEDED: "success",
    RolloutState.FAILED: "failure",
    RolloutState.CANCELLED: "error",
}
# A check run's status and conclusion.
_WRITTEN: Mapping[CheckState, tuple[str, str]] = {
    CheckState.QUEUED: ("queued", ""),
    CheckState.RUNNING: ("in_progress", ""),
    CheckState.PASSED: ("completed", "success"),
    CheckState.FAILED: ("completed", "failure"),
    CheckState.WAITING: ("completed", "action_required"),
    CheckState.CANCELLED: ("completed", "cancelled"),
    CheckState.NEUTRAL: ("completed", "neutral"),
    CheckState.SKIPPED: ("completed", "skipped"),
}
_CONCLUSIONS = {
    "success": CheckState.PASSED,
    "failure": CheckState.FAILED,
    "timed_out": CheckState.FAILED,
    "cancelled": CheckState.CANCELLED,
    "neutral": CheckState.NEUTRAL,
    "skipped": CheckState.SKIPPED,
}
_STATUSES = {
    "success": CheckState.PASSED,
    "failure": CheckState.FAILED,
    "error": CheckState.FAILED,
    "pending": CheckState.QUEUED,
}
_STATUS_WORDS: Mapping[CheckState, str] = {
    CheckState.QUEUED: "pending",
    CheckState.RUNNING: "pending",
    CheckState.WAITING: "pending",
    CheckState.PASSED: "success",
    CheckState.NEUTRAL: "success",
    CheckState.SKIPPED: "success",
    CheckState.FAILED: "failure",
    CheckState.CANCELLED: "error",
}
_REVIEWS = {
    "APPROVED": ReviewState.APPROVED,
    "CHANGES_REQUESTED": ReviewState.CHANGES_REQUESTED,
    "COMMENTED": ReviewState.COMMENTED,
    "DISMISSED": ReviewState.DISMISSED,
}
_PERMISSIONS = {"admin": Permission.ADMIN, "write": Permission.WRITE, "read": Permission.READ}
_MOVES = frozenset({"push", "force_push", "branch_creation", "pr_merge", "merge_queue_merge"})


def person_of(user: UserWire | AccountOfCommit | None) -> Person:
    """The account, or no one. An account that was deleted is `ghost` on pages and null here."""
    if user is None or not user.login:
        return NO_ONE
    return Person(login=user.login, id=str(user.id or ""), bot=user.type == "Bot" or user.login.endswith(BOT))


def editor_of(editor: EditorWire) -> Person:
    """GraphQL's names of bots lack what REST's have."""
    bot = editor.kind == "Bot"
    return Person(login=f"{editor.login.removesuffix(BOT)}{BOT}" if bot else editor.login, bot=bot)


def pull_of(wire: PullWire) -> PullRequest:
    """The pull request. Of an open one `merge_commit_sha` is a trial merge, which nobody made."""
    head, into = wire.head.repo, wire.into.repo
    merged = wire.merged_at is not None
    return PullRequest(
        number=wire.number,
        title=wire.title,
        author=person_of(wire.user),
        into=wire.into.ref,
        into_commit=wire.into.sha,
        head=wire.head.ref,
        head_commit=wire.head.sha,
        head_repository=head.full_name if head else "",
        state=PullState.MERGED if merged else PullState.OPEN if wire.state == "open" else PullState.CLOSED,
        fork=head is None or into is None or head.full_name != into.full_name,
        draft=wire.draft,
        labels=frozenset(label.name for label in wire.labels),
        merge_commit=(wire.merge_commit_sha or "") if merged else "",
        merged_by=person_of(wire.merged_by),
        merged_at=wire.merged_at,
        updated_at=wire.updated_at,
        mergeable=wire.mergeable,
        commit_count=wire.commits,
        link=wire.html_url,
    )


def commit_of(wire: CommitWire) -> PullCommit:
    """A commit. GitHub tells of pushes, not of single commits, who brought them."""
    author, committer = wire.commit.author or GitPerson(), wire.commit.committer or GitPerson()
    return PullCommit(
        commit=wire.sha,
        author=Signature(name=author.name, email=author.email, account=person_of(wire.author)),
        committer=Signature(name=committer.name, email=committer.email, account=person_of(wire.committer)),
    )


def pushes_of(wires: Iterable[ActivityWire]) -> Iterator[Push]:
    """The moves of a branch that may have brought commits."""
    return (
        Push(who=person_of(wire.actor), before=wire.before, after=wire.after)
        for wire in wires
        if wire.activity_type in _MOVES
    )


def reviews_of(wires: Iterable[ReviewWire]) -> tuple[Review, ...]:
    """Those that were submitted, the oldest first."""
    return tuple(
        Review(
            id=str(wire.id),
            author=person_of(wire.user),
            state=_REVIEWS[wire.state],
            commit=wire.commit_id or "",
            submitted_at=wire.submitted_at,
            body=wire.body,
            link=wire.html_url,
        )
        for wire in sorted(wires, key=lambda wire: wire.id)
        if wire.state in _REVIEWS
    )


def comment_of(wire: CommentWire) -> Comment:
    """A comment."""
    return Comment(
        id=str(wire.id),
        author=person_of(wire.user),
        body=wire.body or "",
        created_at=wire.created_at,
        updated_at=wire.updated_at,
        edited=wire.updated_at > wire.created_at,
        link=wire.html_url,
    )


def reports_of(runs: Iterable[CheckRunWire], statuses: Iterable[StatusWire]) -> tuple[CheckReport, ...]:
    """The newest of each name and reporter, check runs and statuses alike. An unknown word is not green."""
    newest: dict[tuple[str, str, str], CheckReport] = {}
    for run in sorted(runs, key=lambda run: run.id):
        slug = run.app.slug if run.app else ""
        ended = run.status == "completed"
        running = CheckState.RUNNING if run.status == "in_progress" else CheckState.QUEUED
        newest["run", run.name, slug] = CheckReport(
            name=run.name,
            app=slug,
            state=_CONCLUSIONS.get(run.conclusion or "", CheckState.WAITING) if ended else running,
            reporter=Person(login=f"{slug}{BOT}", bot=True) if slug else NO_ONE,
            title=run.output.title or "",
            link=run.details_url or "",
            at=run.completed_at or run.started_at,
            id=str(run.id),
        )
    for status in sorted(statuses, key=lambda status: status.id):
        reporter = person_of(status.creator)
        newest["status", status.context, reporter.login] = CheckReport(
            name=status.context,
            app=reporter.login.removesuffix(BOT),
            state=_STATUSES.get(status.state, CheckState.WAITING),
            reporter=reporter,
            title=status.description or "",
            link=status.target_url or "",
            at=status.updated_at,
            id=str(status.id),
        )
    return tuple(newest.values())


def check_bodies(check: Check) -> Iterator[dict[str, object]]:
    """What reports a check run: as many requests as its annotations need, each with all else."""
    status, conclusion = _WRITTEN[check.state]
    body: dict[str, object] = {"name": check.name, "status": status}
    if conclusion:
        body["conclusion"] = conclusion
    if check.link:
        body["details_url"] = check.link
    words = {"title": check.title, "summary": check.summary or check.title}
    if check.text:
        words["text"] = check.text
    for start in range(0, max(1, len(check.annotations)), ANNOTATIONS):
        marks = [_annotation(each) for each in check.annotations[start : start + ANNOTATIONS]]
        yield {**body, "output": {**words, "annotations": marks} if marks else words}


def _annotation(mark: Annotation) -> dict[str, object]:
    body: dict[str, object] = {
        "path": mark.path,
        "start_line": mark.line,
        "end_line": mark.end_line,
        "annotation_level": mark.level.value,
        "message": mark.message,
    }
    return {**body, "title": mark.title} if mark.title else body


def status_body(check: Check) -> dict[str, object]:
    """What reports a check where the account may make no check runs: a person's token."""
    words = check.title if len(check.title) <= TITLE else f"{check.title[: TITLE - 1]}…"
    body: dict[str, object] = {
        "state": _STATUS_WORDS[check.state],
        "context": check.name,
        "description": words,
    }
    return {**body, "target_url": check.link} if check.link else body


def permission_of(word: str) -> Permission:
    """What a word of GitHub's grants; an unknown one nothing."""
    return _PERMISSIONS.get(word, Permission.NONE)


def rights_of(rights: RightsWire | None) -> Permission:
    """What the asking account may."""
    if rights is None:
        return Permission.NONE
    writes = rights.push or rights.maintain
    granted = ((rights.admin, Permission.ADMIN), (writes, Permission.WRITE), (rights.pull, Permission.READ))
    return next((permission for has, permission in granted if has), Permission.NONE)


def protection_of(
    branch: BranchWire, rules: Sequence[RuleWire], classic: ProtectionWire | None
) -> Protection:
    """How a branch is guarded, by its protection and by rulesets. `classic` None: there is none, or this token may not
    see it."""
    kinds = {rule.type for rule in rules}
    if not branch.protected and not rules:
        free = Protection(branch=branch.name, protected=False, checks=(), approvals=0)
        return replace(free, stale_dismissed=False, pushes=True, rewinds=True)
    asked = [rule.parameters for rule in rules if rule.parameters]
    required = [each for one in asked for each in one.required_status_checks]
    public = branch.protection.required_status_checks
    for found in (classic.required_status_checks if classic else None, public):
        if found:
            required += found.checks or [RequiredCheckWire(context=each) for each in found.contexts]
    reviews = classic.required_pull_request_reviews if classic else None
    counts = [one.required_approving_review_count for one in asked]
    closed = bool(kinds & {"pull_request", "update", "required_status_checks"}) or bool(required)
    closed = closed or bool(classic and (reviews or classic.restrictions is not None))
    unseen = branch.protected and classic is None
    stale = any(one.dismiss_stale_reviews_on_push for one in asked) or bool(
        reviews and reviews.dismiss_stale_reviews
    )
    rewinds = "non_fast_forward" not in kinds and (classic is None or classic.allow_force_pushes.enabled)
    return Protection(
        branch=branch.name,
        protected=True,
        checks=tuple(
            dict.fromkeys((each.context, str(each.app_id or each.integration_id or "")) for each in required)
        ),
        approvals=max([*counts, reviews.required_approving_review_count if reviews else 0])
        if not unseen
        else None,
        stale_dismissed=stale if stale or not unseen else None,
        pushes=False if closed else None if unseen else True,
        rewinds=None if rewinds and unseen else rewinds,
        because="the protection itself is shown to administrators of the repository only" if unseen else "",
    )
