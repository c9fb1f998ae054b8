"""What Gitea's and Forgejo's payloads mean, and what ours are to say. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import msgspec

from runner.forge import Protection
from runner.forge.gitea_wire import (
    BranchWire,
    CommentWire,
    CommitWire,
    FeedWire,
    PullWire,
    RepositoryRights,
    ReviewWire,
    RuleWire,
    StatusWire,
    TimelineWire,
    UserWire,
)
from runner.model.check import CheckReport, CheckState
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

TITLE = 255  # characters of a status's description

# What a merge is asked for by; what is not known is asked for as a merge commit.
MERGES: Mapping[MergeKind, str] = {
    MergeKind.MERGE: "merge",
    MergeKind.SQUASH: "squash",
    MergeKind.REBASE: "rebase",
    MergeKind.FAST_FORWARD: "fast-forward-only",
    MergeKind.UNKNOWN: "merge",
}
# A status has no conclusion but green and red: what does not block is green, what waits is not red.
STATES: Mapping[CheckState, str] = {
    CheckState.QUEUED: "pending",
    CheckState.RUNNING: "pending",
    CheckState.WAITING: "pending",
    CheckState.PASSED: "success",
    CheckState.NEUTRAL: "success",
    CheckState.SKIPPED: "success",
    CheckState.FAILED: "failure",
    CheckState.CANCELLED: "error",
}
_READ = {
    "success": CheckState.PASSED,
    "failure": CheckState.FAILED,
    "error": CheckState.FAILED,
    "warning": CheckState.NEUTRAL,
    "skipped": CheckState.SKIPPED,
    "pending": CheckState.QUEUED,
}
_REVIEWS = {
    "APPROVED": ReviewState.APPROVED,
    "REQUEST_CHANGES": ReviewState.CHANGES_REQUESTED,
    "COMMENT": ReviewState.COMMENTED,
}
_PERMISSIONS = {
    "owner": Permission.ADMIN,
    "admin": Permission.ADMIN,
    "write": Permission.WRITE,
    "read": Permission.READ,
}
_ACTIONS_USER = "gitea-actions"


def person_of(user: UserWire | None) -> Person:
    """The account, or no one."""
    if user is None or not user.login or (user.id < 0 and user.login != _ACTIONS_USER):
        return NO_ONE
    return Person(login=user.login, id=str(user.id), bot=user.id < 0)


def pull_of(wire: PullWire) -> PullRequest:
    """The pull request. Gitea's `mergeable: false` may mean that it still looks, so only `true` says something."""
    merged = PullState.MERGED if wire.merged else PullState.CLOSED
    head, into = wire.head.repo, wire.into.repo
    return PullRequest(
        number=wire.number,
        title=wire.title,
        author=person_of(wire.user),
        into=wire.into.ref,
        into_commit=wire.into.sha,
        head=wire.head.ref,
        head_commit=wire.head.sha,
        head_repository=head.full_name if head else "",
        state=PullState.OPEN if wire.state == "open" and not wire.merged else merged,
        fork=head is None or into is None or head.full_name != into.full_name,
        draft=wire.draft,
        labels=frozenset(label.name for label in wire.labels or ()),
        merge_commit=(wire.merge_commit_sha or "") if wire.merged else "",
        merged_by=person_of(wire.merged_by),
        merged_at=wire.merged_at,
        updated_at=wire.updated_at,
        mergeable=True if wire.mergeable else None,
        link=wire.html_url,
    )


def commit_of(wire: CommitWire, pushers: Mapping[str, Person]) -> PullCommit:
    """A commit, with who pushed it where that is known."""
    said = wire.commit
    return PullCommit(
        commit=wire.sha,
        author=Signature(name=said.author.name, email=said.author.email, account=person_of(wire.author)),
        committer=Signature(
            name=said.committer.name, email=said.committer.email, account=person_of(wire.committer)
        ),
        pusher=pushers.get(wire.sha, NO_ONE),
    )


def pushed_later(timeline: Iterable[TimelineWire]) -> dict[str, Person]:
    """Who pushed which commits to a pull request; of those that it was opened with, who opened it is named first."""
    found: dict[str, Person] = {}
    for event in timeline:
        if event.type == "pull_push":
            found.update(dict.fromkeys(_texts(_object(event.body).get("commit_ids")), person_of(event.user)))
    return found


def pushed_to(branch: str, commits: frozenset[str], event: FeedWire) -> bool:
    """Whether an event of the repository pushed to the branch, or brought one of the commits to any other."""
    if event.op_type != "commit_repo":
        return False
    return event.ref_name == f"refs/heads/{branch}" or bool(commits & set(_pushed(event)))


def made_branch(branch: str, event: FeedWire) -> bool:
    """Whether the event is the first push to the branch."""
    return event.op_type == "commit_repo" and event.ref_name == f"refs/heads/{branch}" and not event.content


def _pushed(event: FeedWire) -> list[str]:
    listed = _object(event.content).get("Commits")
    return (
        [str(each["Sha1"]) for each in listed if isinstance(each, dict) and "Sha1" in each]
        if isinstance(listed, list)
        else []
    )


def _object(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def reviews_of(wires: Iterable[ReviewWire]) -> tuple[Review, ...]:
    """Those that were submitted, the oldest first. A dismissed one keeps its state on the wire."""
    found = [
        Review(
            id=str(wire.id),
            author=person_of(wire.user),
            state=ReviewState.DISMISSED if wire.dismissed else _REVIEWS[wire.state],
            commit=wire.commit_id,
            submitted_at=wire.submitted_at,
            body=wire.body,
            outdated=wire.stale,
            link=wire.html_url,
        )
        for wire in sorted(wires, key=lambda wire: wire.id)
        if wire.state in _REVIEWS
    ]
    return tuple(found)


def comment_of(wire: CommentWire) -> Comment:
    """A comment."""
    return Comment(
        id=str(wire.id),
        author=person_of(wire.user),
        body=wire.body,
        created_at=wire.created_at,
        updated_at=wire.updated_at,
        edited=wire.updated_at > wire.created_at,
        link=wire.html_url,
    )


def number_of(wire: CommentWire) -> int:
    """The pull request that a comment is on; 0 where it does not say."""
    last = (wire.pull_request_url or wire.issue_url).rpartition("/")[2]
    return int(last) if last.isdigit() else 0


def reports_of(wires: Iterable[StatusWire]) -> tuple[CheckReport, ...]:
    """The newest status of each name and reporter. An unknown word is not green."""
    newest: dict[tuple[str, str], CheckReport] = {}
    for wire in sorted(wires, key=lambda wire: wire.id):
        reporter = person_of(wire.creator)
        newest[wire.context, reporter.login] = CheckReport(
            name=wire.context,
            app=reporter.login,
            state=_READ.get(wire.status, CheckState.WAITING),
            reporter=reporter,
            title=wire.description,
            link=wire.target_url,
            at=wire.updated_at,
            id=str(wire.id),
        )
    return tuple(newest.values())


def permission_of(word: str) -> Permission:
    """What a word of Gitea's grants; an unknown one nothing."""
    return _PERMISSIONS.get(word, Permission.NONE)


def rights_of(rights: RepositoryRights | None) -> Permission:
    """What the asking account may."""
    if rights is None:
        return Permission.NONE
    granted = (
        (rights.admin, Permission.ADMIN),
        (rights.push, Permission.WRITE),
        (rights.pull, Permission.READ),
    )
    return next((permission for has, permission in granted if has), Permission.NONE)


def protection_of(branch: BranchWire, rule: RuleWire | None) -> Protection:
    """How a branch is guarded. `rule` None: this token may not see it."""
    if not branch.protected:
        return Protection(
            branch=branch.name,
            protected=False,
            checks=(),
            approvals=0,
            stale_dismissed=False,
            pushes=True,
            rewinds=True,
        )
    names = (branch.status_check_contexts or ()) if branch.enable_status_check else ()
    known = Protection(
        branch=branch.name,
        protected=True,
        checks=tuple((name, "") for name in names),
        approvals=branch.required_approvals,
    )
    if rule is None:
        because = "the rule itself is shown to administrators of the repository only"
        return msgspec.structs.replace(known, because=because)
    return msgspec.structs.replace(
        known,
        stale_dismissed=rule.dismiss_stale_approvals or rule.ignore_stale_approvals,
        pushes=rule.enable_push and not rule.enable_push_whitelist,
        rewinds=rule.enable_force_push and not rule.enable_force_push_allowlist,
    )
