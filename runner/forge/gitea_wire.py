"""What Gitea and Forgejo write, as written; of each object only what is needed.

Source: the server's own description, /swagger.v1.json, of 1.26.0.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field


class UserWire(Struct, frozen=True):
    """An account. Negative ids are the ghost and the server's own programs."""

    login: str
    id: int = 0


class RepositoryRights(Struct, frozen=True):
    """What the asking account may."""

    admin: bool = False
    push: bool = False
    pull: bool = False


class RepositoryWire(Struct, frozen=True):
    """A repository."""

    full_name: str
    permissions: RepositoryRights | None = None
    has_actions: bool | None = None


class LabelWire(Struct, frozen=True):
    """A label."""

    name: str


class BranchEnd(Struct, frozen=True):
    """An end of a pull request. `repo` is null where it is gone."""

    ref: str
    sha: str
    repo: RepositoryWire | None = None


class PullWire(Struct, frozen=True):
    """A pull request."""

    number: int
    title: str
    state: str
    into: BranchEnd = field(name="base")
    head: BranchEnd
    user: UserWire | None = None
    labels: list[LabelWire] | None = None
    draft: bool = False
    mergeable: bool = False
    merged: bool = False
    merged_at: datetime | None = None
    merged_by: UserWire | None = None
    merge_commit_sha: str | None = None
    updated_at: datetime | None = None
    html_url: str = ""


class GitPerson(Struct, frozen=True):
    """Who a commit names."""

    name: str = ""
    email: str = ""


class CommitText(Struct, frozen=True):
    """What Git has of a commit."""

    author: GitPerson = GitPerson()
    committer: GitPerson = GitPerson()


class CommitWire(Struct, frozen=True):
    """A commit."""

    sha: str
    commit: CommitText
    author: UserWire | None = None
    committer: UserWire | None = None


class ReviewWire(Struct, frozen=True):
    """A review."""

    id: int
    state: str
    user: UserWire | None = None
    body: str = ""
    commit_id: str = ""
    stale: bool = False
    dismissed: bool = False
    submitted_at: datetime | None = None
    html_url: str = ""


class CommentWire(Struct, frozen=True):
    """A comment."""

    id: int
    body: str
    created_at: datetime
    updated_at: datetime
    user: UserWire | None = None
    html_url: str = ""
    issue_url: str = ""
    pull_request_url: str = ""


class TimelineWire(Struct, frozen=True):
    """An event on a pull request; of a `pull_push` the body has the commits' ids."""

    type: str
    user: UserWire | None = None
    body: str = ""


class FeedWire(Struct, frozen=True):
    """An event of a repository. The push that makes a branch has no content, those with commits name the newest."""

    op_type: str
    created: datetime
    act_user: UserWire | None = None
    ref_name: str = ""
    content: str = ""


class StatusWire(Struct, frozen=True):
    """A status of a commit."""

    id: int
    status: str
    context: str
    creator: UserWire | None = None
    description: str = ""
    target_url: str = ""
    updated_at: datetime | None = None


class PermissionWire(Struct, frozen=True):
    """What an account may."""

    permission: str


class TeamWire(Struct, frozen=True):
    """A team."""

    id: int
    name: str


class TeamsWire(Struct, frozen=True):
    """What a search for teams finds."""

    teams: list[TeamWire] | None = field(name="data", default=None)


class BranchWire(Struct, frozen=True):
    """A branch, as whoever may read it sees it."""

    name: str
    protected: bool = False
    required_approvals: int = 0
    enable_status_check: bool = False
    status_check_contexts: list[str] | None = None
    effective_branch_protection_name: str = ""


class RuleWire(Struct, frozen=True):
    """A rule of protection, which only administrators see."""

    enable_push: bool = False
    enable_push_whitelist: bool = False
    enable_force_push: bool = False
    enable_force_push_allowlist: bool = False
    dismiss_stale_approvals: bool = False
    ignore_stale_approvals: bool = False
