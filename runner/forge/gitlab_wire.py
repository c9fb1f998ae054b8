"""What GitLab writes, as written; of each object only what is needed. Source: its documentation of the REST API, v4."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field


class UserWire(Struct, frozen=True):
    """An account."""

    username: str
    id: int = 0
    bot: bool = False


class AccessWire(Struct, frozen=True):
    """A place in a project or group."""

    access_level: int
    state: str = "active"


class RightsWire(Struct, frozen=True):
    """What the asking account may, by either way; null where not by that one."""

    project_access: AccessWire | None = None
    group_access: AccessWire | None = None


class ProjectWire(Struct, frozen=True):
    """A project."""

    id: int
    path_with_namespace: str
    permissions: RightsWire = RightsWire()
    builds_access_level: str | None = None
    only_allow_merge_if_pipeline_succeeds: bool | None = None


class JobWire(Struct, frozen=True):
    """The job that a job's token is of."""

    user: UserWire | None = None


class TokenWire(Struct, frozen=True):
    """A token about itself."""

    scopes: tuple[str, ...] = ()


class DiffRefs(Struct, frozen=True):
    """The commits of a merge request's newest diff. `start_sha` is the target branch's tip when it was made."""

    start_sha: str | None = None
    head_sha: str | None = None


class PullWire(Struct, frozen=True):
    """A merge request."""

    number: int = field(name="iid")
    title: str
    state: str
    target_branch: str
    source_branch: str
    target_project_id: int
    source_project_id: int | None = None
    sha: str | None = None
    author: UserWire | None = None
    draft: bool = False
    labels: tuple[str, ...] = ()
    merge_commit_sha: str | None = None
    squash_commit_sha: str | None = None
    merge_user: UserWire | None = None
    merged_at: datetime | None = None
    updated_at: datetime | None = None
    detailed_merge_status: str = ""
    diff_refs: DiffRefs | None = None
    web_url: str = ""


class CommitWire(Struct, frozen=True):
    """A commit; GitLab names no accounts here."""

    id: str
    author_name: str = ""
    author_email: str = ""
    committer_name: str = ""
    committer_email: str = ""


class PushWire(Struct, frozen=True):
    """What was pushed. `commit_from` is null where the branch was made, `commit_to` where it was removed."""

    ref: str | None = None
    ref_type: str = "branch"
    commit_from: str | None = None
    commit_to: str | None = None


class EventWire(Struct, frozen=True):
    """An event of a project."""

    author: UserWire | None = None
    push: PushWire | None = field(name="push_data", default=None)


class ApproverWire(Struct, frozen=True):
    """Someone who approves. Older servers do not say when."""

    user: UserWire
    approved_at: datetime | None = None


class ApprovalsWire(Struct, frozen=True):
    """Who approves a merge request as it is."""

    approved_by: tuple[ApproverWire, ...] = ()


class ReviewerWire(Struct, frozen=True):
    """Someone who was asked to review, and how far they are."""

    user: UserWire
    state: str = "unreviewed"


class VersionWire(Struct, frozen=True):
    """A state of the source branch."""

    id: int
    head_commit_sha: str
    created_at: datetime


class NoteWire(Struct, frozen=True):
    """A comment; `system` is one that GitLab wrote about what somebody did, `type` says where it stands."""

    id: int
    body: str
    created_at: datetime
    updated_at: datetime
    system: bool = False
    type: str | None = None
    author: UserWire | None = None
    noteable_iid: int | None = None


class StatusWire(Struct, frozen=True):
    """A job or an external status of a commit."""

    id: int
    name: str
    status: str
    author: UserWire | None = None
    description: str | None = None
    target_url: str | None = None
    created_at: datetime | None = None
    finished_at: datetime | None = None


class IdWire(Struct, frozen=True):
    """Whatever has an id."""

    id: int


class BranchWire(Struct, frozen=True):
    """A branch."""

    name: str
    protected: bool = False
    developers_can_push: bool = False


class ProtectedWire(Struct, frozen=True):
    """A protection."""

    allow_force_push: bool = False


class UserNode(Struct, frozen=True):
    """An account in GraphQL."""

    username: str


class NoteNode(Struct, frozen=True):
    """A comment in GraphQL. `editor` is null where nobody edited it."""

    author: UserNode | None = None
    editor: UserNode | None = field(name="lastEditedBy", default=None)
    edited_at: datetime | None = field(name="lastEditedAt", default=None)


class GraphWire(Struct, frozen=True):
    """What our GraphQL question answers."""

    note: NoteNode | None = None


class GraphAnswer(Struct, frozen=True):
    """An answer of GraphQL."""

    answer: GraphWire | None = field(name="data", default=None)
