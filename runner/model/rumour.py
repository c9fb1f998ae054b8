"""What a CI job is told of why it runs: a rumour. It says where to look; nothing is opened by it (law 12)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct, field

from runner.model.person import NO_ONE, Person


class RumourKind(StrEnum):
    """What is said to have happened. `other` is an event that we know nothing of: `name` has its own word."""

    PULL_REQUEST = "pull-request"
    PUSH = "push"
    MERGE_QUEUE = "merge-queue"
    COMMENT = "comment"
    REVIEW = "review"
    SCHEDULE = "schedule"
    MANUAL = "manual"
    OTHER = "other"


class PullAction(StrEnum):
    """What is said to have happened to a pull request; `other`: nothing that changes what is to be done."""

    OPENED = "opened"
    PUSHED = "pushed"
    REOPENED = "reopened"
    READY = "ready"
    CLOSED = "closed"
    EDITED = "edited"
    OTHER = "other"


class Rumour(Struct, frozen=True, kw_only=True):
    """`name` and `action` are the forge's own words, `pull` the action's meaning. `number`: the pull request's (0: of
    none). `branch`: the one that was pushed to, or the pull request's base. `commit`: the head that the event is of.
    `comment` and `review` are ids. `created`: a comment is new, not edited or deleted. `rerun`: this job ran before.
    `inputs`: of a manual start. `page`: where people find what this job keeps, an address; `summary`: the file whose
    markdown stands there; each empty where the forge has none."""

    kind: RumourKind
    name: str = ""
    action: str = ""
    pull: PullAction = PullAction.OTHER
    number: int = 0
    branch: str = ""
    commit: str = ""
    comment: str = ""
    review: str = ""
    created: bool = False
    sender: Person = NO_ONE
    repository: str = ""
    job: str = ""
    rerun: bool = False
    page: str = ""
    summary: str = ""
    inputs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
