"""What a CI job is told of the event that started it, as a Rumour. Pure: variables and bytes in.

GitHub's and Gitea's jobs get the webhook's payload; GitLab's get variables, and a payload only where a webhook triggers
a pipeline.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from runner.errors import AskedWrongly
from runner.model.person import NO_ONE, Person
from runner.model.rumour import PullAction, Rumour, RumourKind

_Wire = TypeVar("_Wire")
_HEADS = "refs/heads/"
_KINDS = {
    "pull_request": RumourKind.PULL_REQUEST,
    "pull_request_target": RumourKind.PULL_REQUEST,
    "push": RumourKind.PUSH,
    "merge_group": RumourKind.MERGE_QUEUE,
    "issue_comment": RumourKind.COMMENT,
    "pull_request_comment": RumourKind.COMMENT,
    "pull_request_review": RumourKind.REVIEW,
    "pull_request_approved": RumourKind.REVIEW,
    "pull_request_rejected": RumourKind.REVIEW,
    "schedule": RumourKind.SCHEDULE,
    "workflow_dispatch": RumourKind.MANUAL,
}
# GitHub's words, Gitea's where they differ, GitLab's.
_PULL_ACTIONS = {
    "opened": PullAction.OPENED,
    "open": PullAction.OPENED,
    "synchronize": PullAction.PUSHED,
    "synchronized": PullAction.PUSHED,
    "update": PullAction.PUSHED,
    "reopened": PullAction.REOPENED,
    "reopen": PullAction.REOPENED,
    "ready_for_review": PullAction.READY,
    "closed": PullAction.CLOSED,
    "close": PullAction.CLOSED,
    "merge": PullAction.CLOSED,
    "edited": PullAction.EDITED,
}
_PIPELINES = {
    "merge_request_event": RumourKind.PULL_REQUEST,
    "push": RumourKind.PUSH,
    "schedule": RumourKind.SCHEDULE,
    "web": RumourKind.MANUAL,
    "api": RumourKind.MANUAL,
}


class _Sender(Struct, frozen=True):
    login: str = ""
    id: int = 0
    type: str = ""


class _Named(Struct, frozen=True):
    full_name: str = ""


class _End(Struct, frozen=True):
    ref: str = ""
    sha: str = ""


class _Pull(Struct, frozen=True):
    number: int = 0
    into: _End = field(name="base", default=_End())
    head: _End = _End()


class _Issue(Struct, frozen=True):
    number: int = 0
    pull_request: dict[str, object] | None = None


class _Id(Struct, frozen=True):
    id: int = 0


class _Queue(Struct, frozen=True):
    head_sha: str = ""
    into_ref: str = field(name="base_ref", default="")


class _Event(Struct, frozen=True):
    action: str = ""
    number: int = 0
    ref: str = ""
    after: str = ""
    deleted: bool = False
    is_pull: bool = False
    pull_request: _Pull | None = None
    issue: _Issue | None = None
    comment: _Id | None = None
    review: _Id | None = None
    merge_group: _Queue | None = None
    inputs: dict[str, object] | None = None
    sender: _Sender | None = None
    repository: _Named | None = None


class _Note(Struct, frozen=True):
    id: int = 0
    iid: int = 0
    action: str = ""
    target_branch: str = ""


class _Author(Struct, frozen=True):
    username: str = ""
    id: int = 0


class _Hook(Struct, frozen=True):
    object_kind: str = ""
    object_attributes: _Note = _Note()
    merge_request: _Note | None = None
    user: _Author | None = None


def actions_rumour(payload: bytes, variables: Mapping[str, str]) -> Rumour:
    """Of a job of GitHub's, Gitea's or Forgejo's Actions. AskedWrongly `forge-event-unreadable`."""
    name = variables.get("GITHUB_EVENT_NAME", "")
    event = _decoded(payload, _Event)
    issue, pull, queue = event.issue or _Issue(), event.pull_request or _Pull(), event.merge_group or _Queue()
    kind = _KINDS.get(name, RumourKind.OTHER)
    # An issue's comments come under the same name, and so do tags and removed branches.
    if kind is RumourKind.COMMENT and issue.pull_request is None and not event.is_pull:
        kind = RumourKind.OTHER
    if kind is RumourKind.PUSH and (event.deleted or not event.ref.startswith(_HEADS)):
        kind = RumourKind.OTHER
    pushed = event.ref if kind in (RumourKind.PUSH, RumourKind.MANUAL) else ""
    return Rumour(
        kind=kind,
        name=name,
        action=event.action,
        pull=_PULL_ACTIONS.get(event.action, PullAction.OTHER)
        if kind is RumourKind.PULL_REQUEST
        else PullAction.OTHER,
        number=pull.number or event.number or (issue.number if kind is RumourKind.COMMENT else 0),
        branch=pull.into.ref or queue.into_ref.removeprefix(_HEADS) or pushed.removeprefix(_HEADS),
        commit=pull.head.sha or queue.head_sha or (event.after if kind is RumourKind.PUSH else ""),
        comment=str(event.comment.id) if event.comment else "",
        review=str(event.review.id) if event.review else "",
        created=event.action in ("created", "submitted"),
        sender=_sender(event.sender),
        repository=event.repository.full_name if event.repository else variables.get("GITHUB_REPOSITORY", ""),
        job=variables.get("GITHUB_RUN_ID", ""),
        rerun=variables.get("GITHUB_RUN_ATTEMPT", "1") not in ("", "1"),
        page=_run_page(variables),
        summary="" if _elsewhere(variables) else variables.get("GITHUB_STEP_SUMMARY", ""),
        inputs={key: _word(value) for key, value in (event.inputs or {}).items()},
    )


def pipeline_rumour(payload: bytes, variables: Mapping[str, str]) -> Rumour:
    """Of a job of GitLab's. What happened to a merge request GitLab does not say: its head may be new. A pipeline that
    a webhook triggers has its `payload`; it is empty elsewhere. AskedWrongly `forge-event-unreadable`."""
    source = variables.get("CI_PIPELINE_SOURCE", "")
    kind = _PIPELINES.get(source, RumourKind.OTHER)
    if kind is RumourKind.PULL_REQUEST and variables.get("CI_MERGE_REQUEST_EVENT_TYPE") == "merge_train":
        kind = RumourKind.MERGE_QUEUE
    branch = variables.get("CI_COMMIT_BRANCH", "")
    if kind is RumourKind.PUSH and not branch:  # a tag
        kind = RumourKind.OTHER
    number = variables.get("CI_MERGE_REQUEST_IID", "")
    head = variables.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "") if kind is RumourKind.PULL_REQUEST else ""
    known = Rumour(
        kind=kind,
        name=source,
        pull=PullAction.PUSHED if kind is RumourKind.PULL_REQUEST else PullAction.OTHER,
        number=int(number) if number.isdigit() else 0,
        branch=variables.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "") or branch,
        commit=head or variables.get("CI_COMMIT_SHA", ""),
        sender=_account(variables.get("GITLAB_USER_LOGIN", ""), variables.get("GITLAB_USER_ID", "")),
        repository=variables.get("CI_PROJECT_PATH", ""),
        job=variables.get("CI_JOB_ID", ""),
        page=f"{url}/artifacts/browse" if (url := variables.get("CI_JOB_URL", "")) else "",
    )
    return _triggered(_decoded(payload, _Hook), known) if source == "trigger" and payload else known


def _triggered(hook: _Hook, known: Rumour) -> Rumour:
    """A webhook's own event: a comment, or what happened to a merge request. The job's commit is the trigger's."""
    what, user = hook.object_attributes, hook.user or _Author()
    sender = _account(user.username, str(user.id or ""))
    told = msgspec.structs.replace(known, name=hook.object_kind, action=what.action, sender=sender, commit="")
    if hook.object_kind == "note" and hook.merge_request:
        return msgspec.structs.replace(
            told,
            kind=RumourKind.COMMENT,
            number=hook.merge_request.iid,
            branch=hook.merge_request.target_branch,
            comment=str(what.id),
            created=what.action == "create",
        )
    if hook.object_kind == "merge_request":
        reviewed = what.action in ("approved", "approval", "unapproved", "unapproval")
        return msgspec.structs.replace(
            told,
            kind=RumourKind.REVIEW if reviewed else RumourKind.PULL_REQUEST,
            pull=_PULL_ACTIONS.get(what.action, PullAction.OTHER),
            number=what.iid,
            branch=what.target_branch,
            created=reviewed,
        )
    return told


def _elsewhere(variables: Mapping[str, str]) -> bool:
    """Gitea's and Forgejo's machines name a file for a summary too, and show it to nobody."""
    return "true" in (variables.get("GITEA_ACTIONS"), variables.get("FORGEJO_ACTIONS"))


def _run_page(variables: Mapping[str, str]) -> str:
    """Forgejo's addresses have the number of a run, GitHub's and Gitea's (1.26) its id."""
    named = "GITHUB_RUN_NUMBER" if variables.get("FORGEJO_ACTIONS") == "true" else "GITHUB_RUN_ID"
    found = [variables.get(each, "") for each in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", named)]
    return f"{found[0].rstrip('/')}/{found[1]}/actions/runs/{found[2]}" if all(found) else ""


def _account(login: str, id: str) -> Person:
    return Person(login=login, id=id) if login else NO_ONE


def _sender(sender: _Sender | None) -> Person:
    if sender is None or not sender.login:
        return NO_ONE
    return Person(login=sender.login, id=str(sender.id or ""), bot=sender.type == "Bot")


def _word(value: object) -> str:
    """An input of a manual start as a word: switches come as booleans or as words."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _decoded(payload: bytes, kind: type[_Wire]) -> _Wire:
    try:
        return msgspec.json.decode(payload or b"{}", type=kind)
    except msgspec.DecodeError as problem:
        raise AskedWrongly.of(
            "forge-event-unreadable",
            f"the event that this job was started by cannot be read: {problem}",
            hint="run it again by hand, or by the schedule: the event only says where to look first",
        ) from None
