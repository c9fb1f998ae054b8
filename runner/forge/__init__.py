"""Forges: the sites around Git, each behind one Protocol; one file calls, one pure file knows the payloads.

Refuses to decide, to choose words, and to believe an event: what opens a gate is asked of the forge. Only this room
knows httpx. A brand is a row in `forge_brands`, or an entry point of the group `gitops_runner.forges`; it is
accepted when it passes `runner.conformance.forge`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from msgspec import Struct, field

from runner.model.check import Check, CheckReport, Rollout
from runner.model.forge_rights import JobEnvironment, Pipelines, Right, SettingsPages, TokenSource
from runner.model.person import Grant, Membership, Permission, Person
from runner.model.pull_request import Comment, Contributions, Merge, PullRequest, Review


class Project(Struct, frozen=True, kw_only=True):
    """A repository on a forge. `host` as people write it (`github.com`, with the port where it has one); `path` is its
    name there (`acme/infra`, `acme/eu/infra`); `web` and `api` are addresses without a slash at the end."""

    brand: str
    host: str
    path: str
    web: str
    api: str


class ForgeLimits(Struct, frozen=True, kw_only=True):
    """How much the forge takes, in characters, and what it has. `comment`: a comment's body; `title` and `summary`: of
    a check (0: it shows none). `annotations`: whether lines of the code can be marked; `rollouts`: whether it keeps
    deployments; `editors`: whether it tells who edited a comment; `environments`: whether it has places that keep
    secrets for the jobs of some branches."""

    comment: int
    title: int
    summary: int
    annotations: bool = False
    rollouts: bool = False
    editors: bool = False
    environments: bool = False


class TokenIdentity(Struct, frozen=True, kw_only=True):
    """As whom we speak. `kind`: user | app | job | nobody. `repository` is what that account may do with the
    repository; `grants` what the token was given (`issues` -> `write`, or a scope -> the empty string), None where the
    forge does not tell."""

    person: Person
    kind: str
    repository: Permission
    grants: Mapping[str, str] | None = field(default_factory=lambda: MappingProxyType({}))


class Protection(Struct, frozen=True, kw_only=True):
    """How a branch is guarded, for who wants to know what a plain writer could do. None: the forge would not tell
    this token. `checks` are names that must be green, each with the app that must report it (empty: anyone);
    `pushes`: whether a plain writer may push to it; `rewinds`: whether anyone may force it back; `pipelines`: whether
    a merge needs all of its pipeline green, where a forge requires that instead of checks."""

    branch: str
    protected: bool | None
    checks: tuple[tuple[str, str], ...] | None = None
    approvals: int | None = None
    stale_dismissed: bool | None = None
    pushes: bool | None = None
    rewinds: bool | None = None
    pipelines: bool | None = None
    because: str = ""


class Forge(Protocol):
    """One repository on one forge, as one identity. Safe to be used by many threads. Every call can raise NoAnswer
    (`forge-no-answer`, `forge-rate-limited`, `forge-refused`, `forge-unreadable`, `forge-too-much`), Denied
    (`forge-token-refused`, `forge-forbidden`), AskedWrongly `forge-not-found`, Interrupted; none of them names the
    token. Lists are complete, or the call fails."""

    @property
    def project(self) -> Project:
        """Where it is."""

    @property
    def limits(self) -> ForgeLimits:
        """How much it takes."""

    @property
    def token_source(self) -> TokenSource:
        """Where its token was found, if there is one."""

    @property
    def pages(self) -> SettingsPages:
        """Where people set this repository up."""

    def close(self) -> None:
        """Lets its connections go."""

    def identity(self) -> TokenIdentity:
        """As whom we speak; asked once."""

    def pull_request(self, number: int) -> PullRequest:
        """One pull request as it stands."""

    def open_pull_requests(self, into: str) -> tuple[PullRequest, ...]:
        """The open ones that want into this branch, in the order of their numbers."""

    def pull_requests_of(self, commit: str) -> tuple[PullRequest, ...]:
        """Those that the forge says a commit of a branch came from, merged ones first. Of a rebase some forges know
        only the last commit. A hint where to look: who opens a gate by it compares branch, state and merge commit."""

    def contributions(self, pull: PullRequest) -> Contributions:
        """Who authored, committed and pushed what is in it."""

    def reviews(self, pull: PullRequest) -> tuple[Review, ...]:
        """Every submitted review, the oldest first; those that are only asked for, or not yet submitted, are not."""

    def comments(self, number: int) -> tuple[Comment, ...]:
        """The comments on a pull request, the oldest first; not those on lines of its code."""

    def read_comment(self, number: int, id: str) -> Comment | None:
        """One of them; None where it is gone."""

    def own_comment(self, number: int, marker: str) -> Comment | None:
        """The oldest comment that this identity wrote and that holds `marker`. Never another author's."""

    def write_comment(self, number: int, body: str) -> Comment:
        """A new comment. Where the answer was lost, the one that arrived is found again, so that it is not doubled."""

    def edit_comment(self, number: int, comment: Comment, body: str) -> Comment:
        """The whole text of a comment of ours anew. Denied `forge-not-ours` for anybody else's."""

    def last_editor(self, number: int, comment: Comment) -> Person | None:
        """Who wrote the text as it stands; None where the forge does not tell."""

    def permission(self, person: Person) -> Grant:
        """What a person may do with the repository. A refusal is no error: unconfirmed is NONE, with the reason."""

    def membership(self, person: Person, team: str) -> Membership:
        """Whether a person is an active member of `team` (`acme/platform`; a leading `@` is ignored). A refusal is
        no error: unconfirmed is no, with the reason."""

    def checks(self, commit: str) -> tuple[CheckReport, ...]:
        """What was reported about a commit: the newest of each name and reporter."""

    def report_check(self, check: Check) -> Check:
        """Creates or replaces a check of ours; the same with its id."""

    def report_rollout(self, rollout: Rollout) -> Rollout:
        """Creates or moves on a deployment record; the same with its id. As it came where the forge keeps none."""

    def protection(self, branch: str) -> Protection:
        """How a branch is guarded, as far as this token may know."""

    def rights(self, commit: str, teams: Sequence[str]) -> tuple[Right, ...]:
        """What our token may of what runner needs, `teams` among it where there are any; `commit` is one
        of the repository's branches. Found out by reading only: what only writing would show is None."""

    def pipelines(self) -> Pipelines:
        """Whether its CI is on for the repository, as far as this token may know."""

    def job_environment(self, name: str) -> JobEnvironment:
        """How the place is guarded that keeps a job's secrets, as far as this token may know."""

    def merge(self, wish: Merge) -> PullRequest:
        """Merges exactly that head, and returns the pull request as merged (also when it was merged with that head
        before). Denied `forge-merge-refused` in the forge's own words: not mergeable, a check or review is missing, or
        the head moved."""
