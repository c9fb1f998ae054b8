"""A pull request (GitLab: merge request) as a forge tells it: where it stands, who made it, what was said on it.

Instants are aware. Commits are full ids in hex. Branches are short names. An empty string is what a forge does not say.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from runner.model.person import NO_ONE, Person


class PullState(StrEnum):
    """Where it stands; `closed` is closed without a merge."""

    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


class MergeKind(StrEnum):
    """How its commits come to the base: `unknown` where only the commits themselves tell."""

    MERGE = "merge"
    SQUASH = "squash"
    REBASE = "rebase"
    FAST_FORWARD = "fast-forward"
    UNKNOWN = "unknown"


class PullRequest(Struct, frozen=True, kw_only=True):
    """`into` is the base branch, `into_commit` its tip as the forge has it, or had it when it was merged. `fork`: the
    head lies in another repository, or in one that is gone. `mergeable` None: not looked at yet, or ambiguous.
    `commit_count` 0: not told."""

    number: int
    title: str
    author: Person
    into: str
    head: str
    head_commit: str
    state: PullState
    fork: bool
    into_commit: str = ""
    head_repository: str = ""
    draft: bool = False
    labels: frozenset[str] = frozenset()
    merge_commit: str = ""
    merge_kind: MergeKind = MergeKind.UNKNOWN
    merged_by: Person = NO_ONE
    merged_at: datetime | None = None
    updated_at: datetime | None = None
    mergeable: bool | None = None
    commit_count: int = 0
    link: str = ""


class Signature(Struct, frozen=True, kw_only=True):
    """Who a commit names. `account` is whom the forge finds for the address: a claim, since anyone can write any
    address into a commit."""

    name: str
    email: str
    account: Person = NO_ONE


class PullCommit(Struct, frozen=True, kw_only=True):
    """A commit of a pull request. `pusher` is who brought it, NO_ONE where the forge does not tell of this commit."""

    commit: str
    author: Signature
    committer: Signature
    pusher: Person = NO_ONE


class Contributions(Struct, frozen=True, kw_only=True):
    """All that went into a pull request. `complete`: every commit is there. `pushers`: everyone who pushed to its
    branch since it differs from the base; None where the forge will not tell, with `because`."""

    commits: tuple[PullCommit, ...]
    complete: bool
    pushers: tuple[Person, ...] | None
    because: str = ""


class ReviewState(StrEnum):
    """What a review says. A `dismissed` one was something else before."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes-requested"
    COMMENTED = "commented"
    DISMISSED = "dismissed"


class Review(Struct, frozen=True, kw_only=True):
    """`commit` is the head that it was given for (on GitLab: the head at that moment); `outdated` where the forge
    itself no longer counts it, for newer commits came."""

    author: Person
    state: ReviewState
    commit: str
    submitted_at: datetime | None
    id: str = ""
    body: str = ""
    outdated: bool = False
    link: str = ""


class Comment(Struct, frozen=True, kw_only=True):
    """`edited`: its text is not the one it was created with, as far as its times tell: on some forges they are whole
    seconds, and an edit within one does not show. So False proves nothing (`Forge.last_editor`)."""

    id: str
    author: Person
    body: str
    created_at: datetime
    updated_at: datetime
    edited: bool = False
    link: str = ""


class Merge(Struct, frozen=True, kw_only=True):
    """A wish to merge. `head` is the commit that was looked at: another one is not merged."""

    number: int
    head: str
    kind: MergeKind = MergeKind.MERGE
    title: str = ""
    message: str = ""
