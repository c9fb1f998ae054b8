"""What GitLab's payloads mean, and what ours are to say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from runner.forge import Protection
from runner.forge.gitlab_wire import (
    AccessWire,
    ApproverWire,
    BranchWire,
    CommitWire,
    EventWire,
    NoteWire,
    ProjectWire,
    ProtectedWire,
    PullWire,
    ReviewerWire,
    RightsWire,
    StatusWire,
    UserWire,
    VersionWire,
)
from runner.forge.pushing import Push
from runner.model.check import Check, CheckReport, CheckState, RolloutState
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

COMMENT = 1_000_000
TITLE = 255  # characters of a status's description
APPROVED = "approved this merge request"  # the whole text of GitLab's own note

# What waits is not red; what does not block is green.
_WRITTEN: Mapping[CheckState, str] = {
    CheckState.QUEUED: "pending",
    CheckState.RUNNING: "running",
    CheckState.WAITING: "pending",
    CheckState.PASSED: "success",
    CheckState.NEUTRAL: "success",
    CheckState.SKIPPED: "skipped",
    CheckState.FAILED: "failed",
    CheckState.CANCELLED: "canceled",
}
_READ = {
    "created": CheckState.QUEUED,
    "pending": CheckState.QUEUED,
    "preparing": CheckState.QUEUED,
    "scheduled": CheckState.QUEUED,
    "waiting_for_resource": CheckState.QUEUED,
    "running": CheckState.RUNNING,
    "success": CheckState.PASSED,
    "failed": CheckState.FAILED,
    "canceled": CheckState.CANCELLED,
    "canceling": CheckState.CANCELLED,
    "skipped": CheckState.SKIPPED,
}
ROLLOUTS: Mapping[RolloutState, str] = {
    RolloutState.PENDING: "running",
    RolloutState.RUNNING: "running",
    RolloutState.SUCCEEDED: "success",
    RolloutState.FAILED: "failed",
    RolloutState.CANCELLED: "canceled",
}
_STATES = {"opened": PullState.OPEN, "locked": PullState.OPEN, "merged": PullState.MERGED}
_REVIEWERS = {"requested_changes": ReviewState.CHANGES_REQUESTED, "reviewed": ReviewState.COMMENTED}
# GitLab's roles by number: guest 10, planner 15, reporter 20, developer 30, maintainer 40, owner 50.
_LEVELS = ((40, Permission.ADMIN), (30, Permission.WRITE), (10, Permission.READ))


def person_of(user: UserWire | None) -> Person:
    """The account, or no one."""
    if user is None or not user.username:
        return NO_ONE
    return Person(login=user.username, id=str(user.id or ""), bot=user.bot)


def pull_of(wire: PullWire, path: str) -> PullRequest:
    """The merge request; `path` is the project's. A fork is named by its number, which GitLab takes for a name."""
    own = wire.source_project_id == wire.target_project_id
    state = _STATES.get(wire.state, PullState.CLOSED)
    merged = state is PullState.MERGED
    refs = wire.diff_refs
    return PullRequest(
        number=wire.number,
        title=wire.title,
        author=person_of(wire.author),
        into=wire.target_branch,
        into_commit=(refs.start_sha if refs else None) or "",
        head=wire.source_branch,
        head_commit=wire.sha or "",
        head_repository=path if own else str(wire.source_project_id or ""),
        state=state,
        fork=not own,
        draft=wire.draft,
        labels=frozenset(wire.labels),
        # Without either it was a fast forward, and the head itself is on the branch.
        merge_commit=(wire.merge_commit_sha or wire.squash_commit_sha or wire.sha or "") if merged else "",
        merge_kind=_kind(wire) if merged else MergeKind.UNKNOWN,
        merged_by=person_of(wire.merge_user),
        merged_at=wire.merged_at,
        updated_at=wire.updated_at,
        mergeable=True if wire.detailed_merge_status == "mergeable" else None,
        link=wire.web_url,
    )


def _kind(wire: PullWire) -> MergeKind:
    if wire.squash_commit_sha:
        return MergeKind.SQUASH
    return MergeKind.MERGE if wire.merge_commit_sha else MergeKind.FAST_FORWARD


def commit_of(wire: CommitWire) -> PullCommit:
    """A commit, without accounts."""
    return PullCommit(
        commit=wire.id,
        author=Signature(name=wire.author_name, email=wire.author_email),
        committer=Signature(name=wire.committer_name, email=wire.committer_email),
    )


def pushes_of(branch: str, events: Iterable[EventWire]) -> Iterator[Push]:
    """The pushes to a branch."""
    for event in events:
        push = event.push
        if push and push.ref_type == "branch" and push.ref == branch and push.commit_to:
            yield Push(who=person_of(event.author), before=push.commit_from or "", after=push.commit_to)


def approved_in_notes(notes: Iterable[NoteWire]) -> dict[str, datetime]:
    """When each account approved last, by the notes that GitLab itself writes."""
    approvals = sorted(
        (note for note in notes if note.system and note.body == APPROVED), key=lambda note: note.id
    )
    return {note.author.username: note.created_at for note in approvals if note.author}


def reviews_of(
    approvers: Iterable[ApproverWire],
    reviewers: Iterable[ReviewerWire],
    versions: Sequence[VersionWire],
    noted: Mapping[str, datetime],
) -> tuple[Review, ...]:
    """Approvals as they stand, then what reviewers want changed. An approval is for the head of its moment: GitLab
    does not say which one the person saw. One whose moment is not known is for no commit."""
    heads = sorted(versions, key=lambda version: version.id)
    found = []
    for approver in approvers:
        at = approver.approved_at or noted.get(approver.user.username)
        then = [version.head_commit_sha for version in heads if at and version.created_at <= at]
        found.append(
            Review(
                author=person_of(approver.user),
                state=ReviewState.APPROVED,
                commit=then[-1] if then else "",
                submitted_at=at,
                outdated=bool(then) and then[-1] != heads[-1].head_commit_sha,
            )
        )
    found.sort(key=lambda review: (review.submitted_at is None, review.submitted_at))
    asked = [
        Review(author=person_of(each.user), state=_REVIEWERS[each.state], commit="", submitted_at=None)
        for each in reviewers
        if each.state in _REVIEWERS
    ]
    return (*found, *asked)


def comment_of(wire: NoteWire) -> Comment:
    """A comment."""
    return Comment(
        id=str(wire.id),
        author=person_of(wire.author),
        body=wire.body,
        created_at=wire.created_at,
        updated_at=wire.updated_at,
        edited=wire.updated_at > wire.created_at,
    )


def is_comment(wire: NoteWire) -> bool:
    """Whether a person wrote it, and not on a line of the code."""
    return not wire.system and wire.type != "DiffNote"


def reports_of(wires: Iterable[StatusWire]) -> tuple[CheckReport, ...]:
    """The newest of each name and reporter; jobs are their pipeline's. An unknown word is not green."""
    newest: dict[tuple[str, str], CheckReport] = {}
    for wire in sorted(wires, key=lambda wire: wire.id):
        reporter = person_of(wire.author)
        newest[wire.name, reporter.login] = CheckReport(
            name=wire.name,
            app=reporter.login,
            state=_READ.get(wire.status, CheckState.WAITING),
            reporter=reporter,
            title=wire.description or "",
            link=wire.target_url or "",
            at=wire.finished_at or wire.created_at,
            id=str(wire.id),
        )
    return tuple(newest.values())


def status_body(check: Check) -> dict[str, object]:
    """What reports a check."""
    words = check.title if len(check.title) <= TITLE else f"{check.title[: TITLE - 1]}…"
    body: dict[str, object] = {"state": _WRITTEN[check.state], "name": check.name, "description": words}
    return {**body, "target_url": check.link} if check.link else body


def level_of(access: AccessWire | None) -> Permission:
    """What a role may; one that is blocked or only asked for, nothing."""
    if access is None or access.state not in ("active", ""):
        return Permission.NONE
    return next(
        (permission for level, permission in _LEVELS if access.access_level >= level), Permission.NONE
    )


def rights_of(rights: RightsWire) -> Permission:
    """What the asking account may, by whichever way it may more."""
    ways = (level_of(rights.project_access), level_of(rights.group_access))
    return ways[0] if ways[0].covers(ways[1]) else ways[1]


def protection_of(
    branch: BranchWire, protected: ProtectedWire | None, project: ProjectWire | None
) -> Protection:
    """How a branch is guarded. GitLab requires no checks by name, and does not tell of approvals here. `protected` and
    `project` None: this token may not see them."""
    known = Protection(
        branch=branch.name,
        protected=branch.protected,
        pipelines=project.only_allow_merge_if_pipeline_succeeds if project else None,
        because="GitLab requires pipelines, not checks by name",
    )
    if not branch.protected:
        return replace(known, stale_dismissed=False, pushes=True, rewinds=True)
    rewinds = protected.allow_force_push if protected else None
    return replace(known, pushes=branch.developers_can_push, rewinds=rewinds)
