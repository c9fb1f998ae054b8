"""From an event to what is to be done, or why nothing is. An event says where to look; what is there, the forge says.

Work is level-triggered: a pull request is previewed as it stands, a branch is brought up to what is behind on it. So a
rerun, a duplicate and a late event come to the same, and one that lies opens nothing (law 12).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from runner.decisions.comment_commands import Command, CommandFacts, CommandVerb, NoCommand, command_of
from runner.model.environment import ApplyMode, Gates
from runner.model.person import Grant, Permission
from runner.model.pull_request import Comment, PullRequest, PullState
from runner.model.rumour import PullAction, Rumour, RumourKind


class Preview(Struct, frozen=True, kw_only=True):
    """Plan what a pull request touches, tell it and check it, at the head that the forge has. `stranger`: whose code
    waits for a maintainer; `named` is the commit that one has named."""

    number: int
    commit: str
    because: str
    selectors: tuple[str, ...] = ()
    stranger: bool = False
    named: str = ""


class CatchUp(Struct, frozen=True, kw_only=True):
    """Apply what is behind on a branch, in these environments."""

    branch: str
    environments: tuple[str, ...]
    because: str


class QueueCheck(Struct, frozen=True, kw_only=True):
    """Check the head of a merge queue: what is not approved there fails."""

    commit: str
    into: str
    because: str


class Recount(Struct, frozen=True, kw_only=True):
    """Count the approvals of a pull request anew, and tell it."""

    number: int
    commit: str
    because: str


class Obey(Struct, frozen=True, kw_only=True):
    """Do what a comment asks for, about a pull request at that commit."""

    number: int
    commit: str
    command: Command
    because: str


class ApplyRequest(Struct, frozen=True, kw_only=True):
    """Apply what a pull request changes in `before-merge` environments, at that head; `merge`: and merge it then."""

    number: int
    commit: str
    because: str
    selectors: tuple[str, ...] = ()
    merge: bool = False


class Answer(Struct, frozen=True, kw_only=True):
    """Say why what a comment asks for is not done, and the `line` to copy."""

    number: int
    because: str
    line: str = ""


class Resume(Struct, frozen=True, kw_only=True):
    """Carry on with pending applies whose gates have opened, and with what is behind, on every branch."""

    because: str
    selectors: tuple[str, ...] = ()


class CleanUp(Struct, frozen=True, kw_only=True):
    """A pull request was closed without a merge: its plans end, and its locks."""

    number: int
    because: str


class Nothing(Struct, frozen=True, kw_only=True):
    """Nothing is to be done. `check`: the commit on which the check says so, for a required one that never reports
    would block for ever; empty for none."""

    because: str
    check: str = ""


Intent: TypeAlias = (
    Preview | CatchUp | QueueCheck | Recount | Obey | ApplyRequest | Answer | Resume | CleanUp | Nothing
)


class IntentFacts(Struct, frozen=True, kw_only=True):
    """What the forge says when it is asked, and what the default branch's gates are. `pull` and `comment` None: there
    is none of that number. `author` is what the forge confirms of who opened the pull request, `sender` of who wrote
    the comment. `heads`: branches that exist, with their tips."""

    default_branch: str
    gates: Mapping[str, Gates]
    heads: Mapping[str, str]
    pull: PullRequest | None = None
    author: Grant | None = None
    comment: Comment | None = None
    sender: Grant | None = None
    recent_commands: int = 0
    most_commands: int = 20


_WORDS_ON_PLANS = frozenset({CommandVerb.APPROVE, CommandVerb.REJECT})
"""They are read from the comments whenever a plan is judged: after the merge that is when it is applied."""


ON_THE_RECORD = frozenset(
    {CommandVerb.LOCK, CommandVerb.UNLOCK, CommandVerb.CANCEL, CommandVerb.FREEZE, CommandVerb.THAW}
)
"""They write entries, and so are for the job that may sign them."""


class Stage(StrEnum):
    """Law 4: which job this is. ALL is one job for those who trust everyone with push."""

    PLAN = "plan"
    PUBLISH = "publish"
    APPLY = "apply"
    ALL = "all"


def intent(rumour: Rumour, facts: IntentFacts) -> Intent:
    """What is to be done about an event, with its because."""
    match rumour.kind:
        case RumourKind.PULL_REQUEST:
            return _pull_request(rumour, facts)
        case RumourKind.PUSH:
            return _push(rumour.branch, facts)
        case RumourKind.MERGE_QUEUE:
            return _queue(rumour, facts)
        case RumourKind.COMMENT:
            return _comment(rumour, facts)
        case RumourKind.REVIEW:
            return _review(rumour, facts)
        case RumourKind.SCHEDULE:
            return Resume(because="the schedule came round")
        case RumourKind.MANUAL:
            return _manual(rumour, facts)
        case RumourKind.OTHER:
            return Nothing(because=f"an event `{rumour.name}` changes nothing that is looked at here")


def stranger(pull: PullRequest, author: Grant | None) -> bool:
    """Whether the pull request's code is of somebody who may not push here, as far as the forge confirms (law 5)."""
    may_push = author is not None and author.permission.covers(Permission.WRITE)
    return pull.fork or not may_push


def environments_of(branch: str, facts: IntentFacts) -> tuple[str, ...]:
    """The environments that merges into `branch` apply to. `*` is for hands: in CI it means the default branch."""
    return tuple(
        sorted(
            name
            for name, gates in facts.gates.items()
            if gates.branch == branch or (gates.branch == "*" and branch == facts.default_branch)
        )
    )


def _pull_request(rumour: Rumour, facts: IntentFacts) -> Intent:
    pull = facts.pull
    if pull is None:
        return Nothing(because=f"the forge has no pull request {rumour.number}")
    match pull.state:
        case PullState.MERGED:
            return _push(pull.into, facts, f"pull request {pull.number} is merged")
        case PullState.CLOSED:
            return CleanUp(number=pull.number, because=f"pull request {pull.number} is closed and not merged")
        case PullState.OPEN:
            pass
    if rumour.pull is PullAction.OTHER:
        return Nothing(because=f"`{rumour.action or rumour.name}` changes nothing of what would be planned")
    return _previewed(pull, facts, _what_happened(rumour, pull))


def _what_happened(rumour: Rumour, pull: PullRequest) -> str:
    if rumour.pull is PullAction.CLOSED:
        return f"the event says that {pull.number} is closed, and the forge that it is open"
    if rumour.commit and rumour.commit != pull.head_commit:
        return f"the head has moved on to `{pull.head_commit[:12]}` since the event"
    return f"pull request {pull.number}: {rumour.pull}"


def _previewed(pull: PullRequest, facts: IntentFacts, because: str) -> Intent:
    if not environments_of(pull.into, facts):
        why = f"no environment applies what is merged into `{pull.into}`"
        return Nothing(because=why, check=pull.head_commit)
    return Preview(
        number=pull.number, commit=pull.head_commit, because=because, stranger=stranger(pull, facts.author)
    )


def _push(branch: str, facts: IntentFacts, because: str = "") -> Intent:
    if not branch:
        return Nothing(because="no branch was pushed to")
    if branch not in facts.heads:
        return Nothing(because=f"there is no branch `{branch}` any more")
    found = environments_of(branch, facts)
    if not found:
        return Nothing(because=f"no environment applies what comes to `{branch}`")
    applying = tuple(name for name in found if facts.gates[name].apply is not ApplyMode.MANUAL)
    if not applying:
        names = ", ".join(f"`{name}`" for name in found)
        return Nothing(because=f"{names}: `apply: manual`, so a merge applies nothing")
    why = because or f"`{branch}` is at `{facts.heads[branch][:12]}`"
    return CatchUp(branch=branch, environments=applying, because=why)


def _queue(rumour: Rumour, facts: IntentFacts) -> Intent:
    if not rumour.commit:
        return Nothing(because="the event names no head of the queue")
    if not environments_of(rumour.branch, facts):
        why = f"no environment applies what is merged into `{rumour.branch}`"
        return Nothing(because=why, check=rumour.commit)
    return QueueCheck(
        commit=rumour.commit, into=rumour.branch, because=f"it is in the merge queue of `{rumour.branch}`"
    )


def _review(rumour: Rumour, facts: IntentFacts) -> Intent:
    pull = facts.pull
    if pull is None:
        return Nothing(because=f"the forge has no pull request {rumour.number}")
    if pull.state is PullState.CLOSED:
        return Nothing(because=f"pull request {pull.number} is closed: a review opens nothing")
    return Recount(number=pull.number, commit=pull.head_commit, because="a review was given or taken back")


def _manual(rumour: Rumour, facts: IntentFacts) -> Intent:
    """`inputs`: `pull_request`, a number to preview, with the `commit` of a stranger's head that whoever started it has
    read; else `selector`, words between blanks."""
    if rumour.number or rumour.inputs.get("pull_request"):
        pull = facts.pull
        if pull is None:
            return Nothing(because="the forge has no such pull request")
        if pull.state is not PullState.OPEN:
            return _pull_request(rumour, facts)
        found, named = _previewed(pull, facts, "started by hand"), rumour.inputs.get("commit", "").strip()
        if named and isinstance(found, Preview):
            return _named_by_hand(rumour, facts, found, named)
        return found
    return Resume(because="started by hand", selectors=tuple(rumour.inputs.get("selector", "").split()))


def _named_by_hand(rumour: Rumour, facts: IntentFacts, found: Preview, named: str) -> Intent:
    """As a comment that names a commit: somebody else's who may push, and of the very head."""
    who = f"`{rumour.sender.login or 'nobody'}`"
    if named != found.commit:
        return Nothing(because=f"the head is `{found.commit}`, not `{named}`: look at what came since")
    if facts.sender is None or not facts.sender.permission.covers(Permission.WRITE):
        why = f" ({facts.sender.because})" if facts.sender and facts.sender.because else ""
        return Nothing(because=f"{who} is not confirmed to have the right to push here{why}")
    if facts.pull is not None and facts.pull.author.login == rumour.sender.login:
        return Nothing(because=f"{who} opened it: somebody else has to read it")
    return replace(found, named=named)


def _comment(rumour: Rumour, facts: IntentFacts) -> Intent:
    pull, comment = facts.pull, facts.comment
    if pull is None:
        return Nothing(because="it is a comment on no pull request")
    if comment is None or comment.id != rumour.comment:
        return Nothing(because="the comment is not there any more")
    unknown = Grant(permission=Permission.NONE, because="the forge did not say")
    asked = CommandFacts(
        comment=comment,
        pull=pull,
        grant=facts.sender or unknown,
        created=rumour.created,
        stranger=stranger(pull, facts.author),
        recent=facts.recent_commands,
        most=facts.most_commands,
    )
    found = command_of(asked)
    match found:
        case NoCommand():
            return Nothing(because=found.because)
        case Command():
            return _obeyed(found, asked, facts)
        case _:
            return Answer(number=pull.number, because=found.because, line=found.line)


def _obeyed(command: Command, asked: CommandFacts, facts: IntentFacts) -> Intent:
    pull = asked.pull
    by = f"`{asked.comment.author.login}` asks for it"
    if command.verb is CommandVerb.PREVIEW and pull.state is PullState.OPEN:
        return Preview(
            number=pull.number,
            commit=pull.head_commit,
            because=by,
            selectors=command.selectors,
            stranger=asked.stranger,
            named=command.commit,
        )
    if command.verb is CommandVerb.APPLY and pull.state is PullState.OPEN:
        modes = {name: facts.gates[name].apply for name in environments_of(pull.into, facts)}
        if ApplyMode.BEFORE_MERGE not in modes.values():
            why = f"nothing of `{pull.into}` is applied before a merge (`apply: before-merge`): merge it"
            return Answer(number=pull.number, because=why)
        return ApplyRequest(
            number=pull.number,
            commit=pull.head_commit,
            because=by,
            selectors=command.selectors,
            merge=command.merge,
        )
    if command.verb is CommandVerb.APPLY:
        return Answer(number=pull.number, because=f"pull request {pull.number} is {pull.state}")
    if command.verb in _WORDS_ON_PLANS and pull.state is PullState.MERGED:
        return _push(pull.into, facts, by)
    if command.verb is CommandVerb.PREVIEW:
        return Answer(number=pull.number, because=f"pull request {pull.number} is {pull.state}")
    return Obey(number=pull.number, commit=pull.head_commit, command=command, because=by)


def admitted_in(stage: Stage, wanted: Intent) -> Nothing | None:
    """Law 4: whether a job of this stage may do it; else why it does nothing. Planning and publishing are of previews,
    and of queues; only `apply` has an identity that may change anything."""
    if stage is Stage.ALL or isinstance(wanted, Nothing):
        return None
    applies = isinstance(wanted, CatchUp | Resume | ApplyRequest) or (
        isinstance(wanted, Obey) and wanted.command.verb in ON_THE_RECORD
    )
    plans = isinstance(wanted, Preview | QueueCheck)
    admitted = {Stage.PLAN: plans, Stage.PUBLISH: not applies, Stage.APPLY: applies}[stage]
    return None if admitted else Nothing(because=f"that is not for the stage `{stage}`")
