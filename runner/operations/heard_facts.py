"""What has to be known before an event is decided on: asked of the forge, and of Git, never of the event (law 12)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from runner.decisions.intent import IntentFacts
from runner.errors import AskedWrongly, Denied, NoAnswer
from runner.forge import Forge
from runner.model.person import NO_ONE, Grant, Permission, Person
from runner.model.pull_request import Comment, PullRequest, PullState
from runner.model.rumour import Rumour, RumourKind
from runner.operations.bench import Bench
from runner.operations.standpoint import Standpoint

_HEADS = "refs/heads/"
_HOUR = timedelta(hours=1)


def facts_of(bench: Bench, stand: Standpoint, forge: Forge, rumour: Rumour) -> IntentFacts:
    """As little as the event's kind needs. NoAnswer and Denied where the forge does not say it."""
    pull, comment = _pull(forge, rumour), None
    grants: dict[str, Grant] = {}

    def grant(person: Person) -> Grant:
        if person.login not in grants:
            grants[person.login] = forge.permission(person)
        return grants[person.login]

    recent = 0
    if pull is not None and rumour.kind is RumourKind.COMMENT:
        comment = forge.read_comment(pull.number, rumour.comment)
        recent = _recent(bench, forge, pull, comment) if comment else 0
    by_hand = rumour.sender if rumour.kind is RumourKind.MANUAL and rumour.inputs.get("commit") else None
    sender = comment.author if comment else by_hand
    return IntentFacts(
        default_branch=stand.branch,
        gates=stand.gates.environments,
        heads=heads(bench, stand),
        pull=pull,
        author=grant(pull.author) if pull else None,
        comment=comment,
        sender=grant(sender) if sender else None,
        recent_commands=recent,
        most_commands=stand.gates.limits.commands_per_hour,
    )


def facts_without_forge(bench: Bench, stand: Standpoint, rumour: Rumour) -> IntentFacts | None:
    """What Git alone says of a pull request, for a job that has no token: that its head is the tip of a branch of this
    very repository, where only who may push puts one. None where the forge has to be asked.

    Nothing is opened by it but what runs in that job, which has no identity that may change anything (law 4).
    """
    if rumour.kind is not RumourKind.PULL_REQUEST or not (rumour.number and rumour.commit and rumour.branch):
        return None
    branches = heads(bench, stand)
    ours = rumour.commit in branches.values()
    pull = PullRequest(
        number=rumour.number,
        title="",
        author=NO_ONE,
        into=rumour.branch,
        head="",
        head_commit=rumour.commit,
        state=PullState.OPEN,
        fork=not ours,
    )
    because = (
        "its head is a branch of this repository" if ours else "its head is no branch of this repository"
    )
    return IntentFacts(
        default_branch=stand.branch,
        gates=stand.gates.environments,
        heads=branches,
        pull=pull,
        author=Grant(permission=Permission.WRITE if ours else Permission.NONE, because=because),
    )


def heads(bench: Bench, stand: Standpoint) -> Mapping[str, str]:
    """Branch -> its tip, as the remote has them now. NoAnswer."""
    there = bench.tools.repository.refs_there(stand.remote, (f"{_HEADS}*",), anew=True)
    return {name.removeprefix(_HEADS): tip for name, tip in there.items() if name.startswith(_HEADS)}


def _pull(forge: Forge, rumour: Rumour) -> PullRequest | None:
    written = rumour.inputs.get("pull_request", "")
    number = rumour.number or (int(written) if written.isdecimal() and len(written) < 12 else 0)
    if not number:
        return None
    try:
        return forge.pull_request(number)
    except AskedWrongly as refused:
        if refused.diagnostics[0].code == "forge-not-found":
            return None
        raise


def _recent(bench: Bench, forge: Forge, pull: PullRequest, asked: Comment) -> int:
    """How many commands were asked for on it in the last hour, this one aside."""
    since = bench.clock.now() - _HOUR
    return sum(
        each.created_at > since and each.id != asked.id and each.body.startswith("runner ")
        for each in forge.comments(pull.number)
    )


UNASKED = (NoAnswer, Denied, AskedWrongly)
"""What a forge raises that this job may not ask."""
