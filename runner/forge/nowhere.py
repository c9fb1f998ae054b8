"""No forge: the laptop, and a repository whose remote is on none. Knows nobody, confirms nothing, refuses to write."""

from __future__ import annotations

from collections.abc import Sequence

from runner.errors import AskedWrongly
from runner.forge import ForgeLimits, Project, Protection, TokenIdentity
from runner.model.check import Check, CheckReport, Rollout
from runner.model.forge_rights import JobEnvironment, Pipelines, Right, SettingsPages, TokenSource
from runner.model.person import NO_ONE, Grant, Membership, Permission, Person
from runner.model.pull_request import Comment, Contributions, Merge, PullRequest, Review


class Nowhere:
    """See Forge. `because` says why there is none: each refusal repeats it. Lists are empty, what would be confirmed is
    not, and what would be read or written is AskedWrongly `forge-nowhere`."""

    def __init__(self, because: str) -> None:
        self.because = because
        self.project = Project(brand="none", host="", path="", web="", api="")
        self.limits = ForgeLimits(comment=0, title=0, summary=0)
        self.token_source = TokenSource()
        self.pages = SettingsPages()

    def close(self) -> None:
        """See Forge."""

    def identity(self) -> TokenIdentity:
        """See Forge."""
        return TokenIdentity(person=NO_ONE, kind="nobody", repository=Permission.NONE, grants=None)

    def pull_request(self, number: int) -> PullRequest:
        """See Forge."""
        raise self._refused(f"read pull request {number}")

    def open_pull_requests(self, into: str) -> tuple[PullRequest, ...]:
        """See Forge."""
        return ()

    def pull_requests_of(self, commit: str) -> tuple[PullRequest, ...]:
        """See Forge."""
        return ()

    def contributions(self, pull: PullRequest) -> Contributions:
        """See Forge."""
        return Contributions(commits=(), complete=False, pushers=None, because=self.because)

    def reviews(self, pull: PullRequest) -> tuple[Review, ...]:
        """See Forge."""
        return ()

    def comments(self, number: int) -> tuple[Comment, ...]:
        """See Forge."""
        return ()

    def read_comment(self, number: int, id: str) -> Comment | None:
        """See Forge."""
        return None

    def own_comment(self, number: int, marker: str) -> Comment | None:
        """See Forge."""
        return None

    def write_comment(self, number: int, body: str) -> Comment:
        """See Forge."""
        raise self._refused(f"comment on pull request {number}")

    def edit_comment(self, number: int, comment: Comment, body: str) -> Comment:
        """See Forge."""
        raise self._refused(f"edit comment {comment.id}")

    def last_editor(self, number: int, comment: Comment) -> Person | None:
        """See Forge."""
        return None

    def permission(self, person: Person) -> Grant:
        """See Forge."""
        return Grant(permission=Permission.NONE, because=self.because)

    def membership(self, person: Person, team: str) -> Membership:
        """See Forge."""
        return Membership(confirmed=False, because=self.because)

    def checks(self, commit: str) -> tuple[CheckReport, ...]:
        """See Forge."""
        return ()

    def report_check(self, check: Check) -> Check:
        """See Forge."""
        raise self._refused(f"report the check `{check.name}`")

    def report_rollout(self, rollout: Rollout) -> Rollout:
        """See Forge."""
        return rollout

    def protection(self, branch: str) -> Protection:
        """See Forge."""
        return Protection(branch=branch, protected=None, because=self.because)

    def rights(self, commit: str, teams: Sequence[str]) -> tuple[Right, ...]:
        """See Forge."""
        return ()

    def pipelines(self) -> Pipelines:
        """See Forge."""
        return Pipelines(enabled=None, because=self.because)

    def job_environment(self, name: str) -> JobEnvironment:
        """See Forge."""
        return JobEnvironment(name=name, there=None, guarded=None, because=self.because)

    def merge(self, wish: Merge) -> PullRequest:
        """See Forge."""
        raise self._refused(f"merge pull request {wish.number}")

    def _refused(self, what: str) -> AskedWrongly:
        return AskedWrongly.of(
            "forge-nowhere",
            f"no forge is there to {what}: {self.because}",
            hint="set `forge: {type: …, url: …}` in runner.yaml where the remote does not tell",
        )
