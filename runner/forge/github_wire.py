"""What GitHub writes, as written; of each object only what is needed. Source: its published OpenAPI description."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field


class UserWire(Struct, frozen=True):
    """An account."""

    login: str
    id: int = 0
    type: str = "User"


class RightsWire(Struct, frozen=True):
    """What the asking account may."""

    admin: bool = False
    maintain: bool = False
    push: bool = False
    pull: bool = False


class RepositoryWire(Struct, frozen=True):
    """A repository."""

    full_name: str
    permissions: RightsWire | None = None


class LabelWire(Struct, frozen=True):
    """A label."""

    name: str = ""


class BranchEnd(Struct, frozen=True):
    """An end of a pull request. `repo` is null where it is gone."""

    ref: str
    sha: str
    repo: RepositoryWire | None = None


class PullWire(Struct, frozen=True):
    """A pull request; lists have neither `merged` nor `mergeable`."""

    number: int
    title: str
    state: str
    into: BranchEnd = field(name="base")
    head: BranchEnd
    user: UserWire | None = None
    labels: tuple[LabelWire, ...] = ()
    draft: bool = False
    mergeable: bool | None = None
    merged_at: datetime | None = None
    merged_by: UserWire | None = None
    merge_commit_sha: str | None = None
    updated_at: datetime | None = None
    commits: int = 0
    html_url: str = ""


class GitPerson(Struct, frozen=True):
    """Who a commit names."""

    name: str = ""
    email: str = ""


class CommitText(Struct, frozen=True):
    """What Git has of a commit."""

    author: GitPerson | None = None
    committer: GitPerson | None = None


class AccountOfCommit(Struct, frozen=True):
    """Whom GitHub finds for an address; an empty object where it may not say."""

    login: str = ""
    id: int = 0
    type: str = "User"


class CommitWire(Struct, frozen=True):
    """A commit."""

    sha: str
    commit: CommitText
    author: AccountOfCommit | None = None
    committer: AccountOfCommit | None = None


class ActivityWire(Struct, frozen=True):
    """A move of a branch."""

    before: str
    after: str
    activity_type: str
    actor: UserWire | None = None


class ReviewWire(Struct, frozen=True):
    """A review."""

    id: int
    state: str
    user: UserWire | None = None
    body: str = ""
    commit_id: str | None = None
    submitted_at: datetime | None = None
    html_url: str = ""


class CommentWire(Struct, frozen=True):
    """A comment."""

    id: int
    created_at: datetime
    updated_at: datetime
    issue_url: str
    node_id: str = ""
    body: str | None = ""
    user: UserWire | None = None
    html_url: str = ""


class AppWire(Struct, frozen=True):
    """An app."""

    slug: str = ""
    id: int = 0


class OutputWire(Struct, frozen=True):
    """A check's words."""

    title: str | None = None


class CheckRunWire(Struct, frozen=True):
    """A check run. `app` is null where it is gone."""

    id: int
    name: str
    status: str
    conclusion: str | None = None
    app: AppWire | None = None
    output: OutputWire = OutputWire()
    details_url: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


class StatusWire(Struct, frozen=True):
    """A status of a commit."""

    id: int
    state: str
    context: str
    creator: UserWire | None = None
    description: str | None = None
    target_url: str | None = None
    updated_at: datetime | None = None


class PermissionWire(Struct, frozen=True):
    """What an account may: admin, write, read, none. `maintain` is write here, `triage` is read."""

    permission: str


class MemberWire(Struct, frozen=True):
    """A place in a team; `pending` was not accepted yet."""

    state: str


class IdWire(Struct, frozen=True):
    """Whatever has an id."""

    id: int


class RequiredCheckWire(Struct, frozen=True):
    """A check that must be green. The app's number is `app_id` in a protection, `integration_id` in a rule."""

    context: str
    app_id: int | None = None
    integration_id: int | None = None


class StatusChecksWire(Struct, frozen=True):
    """The checks of a protection."""

    checks: tuple[RequiredCheckWire, ...] = ()
    contexts: tuple[str, ...] = ()


class BranchProtectionWire(Struct, frozen=True):
    """What everybody sees of a protection."""

    required_status_checks: StatusChecksWire | None = None


class BranchWire(Struct, frozen=True):
    """A branch."""

    name: str
    protected: bool = False
    protection: BranchProtectionWire = BranchProtectionWire()


class ReviewRuleWire(Struct, frozen=True):
    """The reviews of a protection."""

    required_approving_review_count: int = 0
    dismiss_stale_reviews: bool = False


class EnabledWire(Struct, frozen=True):
    """A switch."""

    enabled: bool = False


class ProtectionWire(Struct, frozen=True):
    """A protection, as administrators see it."""

    required_status_checks: StatusChecksWire | None = None
    required_pull_request_reviews: ReviewRuleWire | None = None
    restrictions: dict[str, object] | None = None
    allow_force_pushes: EnabledWire = EnabledWire()


class RuleParameters(Struct, frozen=True):
    """What a rule of a ruleset asks for."""

    required_approving_review_count: int = 0
    dismiss_stale_reviews_on_push: bool = False
    required_status_checks: tuple[RequiredCheckWire, ...] = ()


class RuleWire(Struct, frozen=True):
    """A rule of a ruleset that is in force on a branch."""

    type: str
    parameters: RuleParameters | None = None


class EditorWire(Struct, frozen=True):
    """Who edited (GraphQL, where a bot's login has no `[bot]`)."""

    login: str
    kind: str = field(name="__typename", default="User")


class CommentNode(Struct, frozen=True):
    """A comment in GraphQL. `editor` is null where nobody edited it, or the account is gone."""

    editor: EditorWire | None = None
    edited_at: datetime | None = field(name="lastEditedAt", default=None)


class ViewerWire(Struct, frozen=True):
    """Who asks, in GraphQL."""

    login: str
    id: int | None = field(name="databaseId", default=None)


class GraphWire(Struct, frozen=True):
    """What our two GraphQL questions answer."""

    node: CommentNode | None = None
    viewer: ViewerWire | None = None


class GraphAnswer(Struct, frozen=True):
    """An answer of GraphQL; `errors` come with status 200."""

    answer: GraphWire | None = field(name="data", default=None)
    errors: tuple[dict[str, object], ...] = ()


class ActionsWire(Struct, frozen=True):
    """Whether Actions are on."""

    enabled: bool


class BranchPolicyWire(Struct, frozen=True):
    """Which branches may use an environment: protected ones, or those that it names."""

    protected_branches: bool = False


class EnvironmentWire(Struct, frozen=True):
    """An environment. No policy: every branch may use it."""

    deployment_branch_policy: BranchPolicyWire | None = None
