"""What is said about a commit on a forge: checks that we report, checks that others reported, deployments."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from runner.model.person import NO_ONE, Person


class CheckState(StrEnum):
    """`waiting` needs a person (it blocks, and is not red where the forge can tell the difference); `neutral` and
    `skipped` do not block."""

    QUEUED = "queued"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    WAITING = "waiting"
    CANCELLED = "cancelled"
    NEUTRAL = "neutral"
    SKIPPED = "skipped"

    @property
    def ended(self) -> bool:
        """Whether nothing more is to come."""
        return self not in (CheckState.QUEUED, CheckState.RUNNING)


class AnnotationLevel(StrEnum):
    """How much an annotation weighs."""

    NOTICE = "notice"
    WARNING = "warning"
    FAILURE = "failure"


class Annotation(Struct, frozen=True, kw_only=True):
    """Words at lines of a file of the commit; both lines count from 1 and are included."""

    path: str
    line: int
    end_line: int
    level: AnnotationLevel
    message: str
    title: str = ""


class Check(Struct, frozen=True, kw_only=True):
    """A check of ours on a commit. `title` is one line, `summary` and `text` are markdown; what is longer than the
    forge takes is cut by whoever wrote it (`Forge.limits`). `id`: which report it replaces, as `report_check` gave it;
    empty: the newest of ours with that name on that commit, else a new one."""

    name: str
    commit: str
    state: CheckState
    title: str
    summary: str = ""
    text: str = ""
    link: str = ""
    annotations: tuple[Annotation, ...] = ()
    id: str = ""


class CheckReport(Struct, frozen=True, kw_only=True):
    """What somebody reported: the newest of each name and reporter. `app` is the program's short name (GitHub's app
    slug, else the account that reported it): a name alone says nothing, since everybody with push can use it."""

    name: str
    app: str
    state: CheckState
    reporter: Person = NO_ONE
    title: str = ""
    link: str = ""
    at: datetime | None = None
    id: str = ""


class RolloutState(StrEnum):
    """How far a deployment came."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Rollout(Struct, frozen=True, kw_only=True):
    """A deployment record on a forge: this commit goes to that environment. `id` as the forge gave it; empty: new."""

    environment: str
    commit: str
    branch: str
    state: RolloutState
    description: str = ""
    link: str = ""
    id: str = ""
