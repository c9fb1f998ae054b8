"""A comment that asks for something: one line, as it was first written, by somebody of whom the forge confirms that he
may. What lets a stranger's code run names the commit that was read; all else is a conversation, and not ours.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from runner.model.person import Grant, Permission, same_person
from runner.model.pull_request import Comment, PullRequest, PullState

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LIKE_A_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")
_DIGEST = re.compile(r"c\d+:[0-9a-f]{8,64}")
_SELECTOR = re.compile(r"!?[\w@*?\[\]{}][\w@*?!\[\]{},./%+=-]*")
LONGEST_LINE = 1_000


class CommandVerb(StrEnum):
    """What can be asked for."""

    PREVIEW = "preview"
    APPLY = "apply"
    APPROVE = "approve"
    REJECT = "reject"
    LOCK = "lock"
    UNLOCK = "unlock"
    CANCEL = "cancel"
    FREEZE = "freeze"
    THAW = "thaw"
    HELP = "help"


RUNS_CODE = frozenset({CommandVerb.PREVIEW, CommandVerb.APPLY})
"""They start engines over the head: of a stranger's pull request only with the commit."""

_ONE_SELECTOR_THEN_WORDS = frozenset(
    {CommandVerb.LOCK, CommandVerb.UNLOCK, CommandVerb.FREEZE, CommandVerb.REJECT, CommandVerb.THAW}
)


class Command(Struct, frozen=True, kw_only=True):
    """What is asked for. `commit` is the head that was named, empty where none was; `digest` a plan's, for `approve`;
    `reason` what stood behind the selector; `merge`: `apply` was given `--merge`, the one option there is."""

    verb: CommandVerb
    selectors: tuple[str, ...] = ()
    commit: str = ""
    digest: str = ""
    reason: str = ""
    merge: bool = False


class NoCommand(Struct, frozen=True, kw_only=True):
    """A comment that asks for nothing: it is not answered."""

    because: str


class Refused(Struct, frozen=True, kw_only=True):
    """A request that is answered: `because`, and the `line` to copy where one would do."""

    because: str
    line: str = ""


Reading: TypeAlias = Command | NoCommand | Refused


class CommandFacts(Struct, frozen=True, kw_only=True):
    """Asked of the forge, not of the event. `created`: the event says that the comment is new. `stranger`: who opened
    the pull request may not push here, or its head lies elsewhere. `recent`: commands of the last hour on this pull
    request, of which `most` are taken (law 14)."""

    comment: Comment
    pull: PullRequest
    grant: Grant
    created: bool
    stranger: bool
    recent: int = 0
    most: int = 20


def command_of(facts: CommandFacts) -> Reading:
    """What the comment asks for, or why it asks for nothing, or the answer why it is not done."""
    line = _line(facts)
    if isinstance(line, NoCommand):
        return line
    if not facts.grant.permission.covers(Permission.WRITE):
        why = facts.grant.because or f"the forge says `{facts.grant.permission}`"
        return Refused(because=f"`{facts.comment.author.login}` may not ask for this: it takes write ({why})")
    if facts.recent >= facts.most:
        return Refused(
            because=f"{facts.recent} commands in an hour: `limits.commands_per_hour` is {facts.most}"
        )
    found = _parsed(line)
    return _bound(found, facts) if isinstance(found, Command) else found


def _line(facts: CommandFacts) -> str | NoCommand:
    comment, body = facts.comment, facts.comment.body
    if not re.match(r"runner(?:\s|$)", body):  # not quoted, fenced, indented, in backticks or in the middle
        return NoCommand(because="it does not begin with `runner`")
    if not facts.created or comment.edited or comment.updated_at != comment.created_at:
        return NoCommand(because="only a comment as it was first written is obeyed, and this one was edited")
    if comment.author.bot:
        return NoCommand(because=f"`{comment.author.login}` is a program, and programs are not obeyed")
    if not comment.author.login:
        return NoCommand(because="the forge does not say who wrote it")
    line = body.rstrip("\r\n\t ")
    if not line.isprintable() or len(line) > LONGEST_LINE:
        return NoCommand(because="it is more than one plain line")
    return line


def _parsed(line: str) -> Command | Refused:
    """What a line says, as words between blanks: no shell, no quotes, no options."""
    _, *words = line.split(" ")
    words = [each for each in words if each]
    verbs = " | ".join(CommandVerb)
    if not words or words[0] not in tuple(CommandVerb):
        asked = f"`{words[0]}` is not one of them" if words else "it names none"
        return Refused(because=f"what can be asked for is {verbs}; {asked}", line="runner help")
    verb, rest = CommandVerb(words[0]), words[1:]
    merge = verb is CommandVerb.APPLY and "--merge" in rest
    rest = [each for each in rest if not (merge and each == "--merge")]
    if bad := next((each for each in rest[: _selectors(verb)] if not _is_word(each)), None):
        return Refused(
            because=f"`{bad}` is no selector, commit or digest; options are not taken here",
            line="runner help",
        )
    if verb in _ONE_SELECTOR_THEN_WORDS:
        return _with_reason(verb, rest)
    commits = [each for each in rest if _COMMIT.fullmatch(each)]
    digests = [each for each in rest if _DIGEST.fullmatch(each)]
    if len(commits) > 1 or len(digests) > 1 or (digests and verb is not CommandVerb.APPROVE):
        return Refused(because="it names more than one commit or digest, or one that it has no use for")
    selectors = tuple(each for each in rest if each not in commits and each not in digests)
    if verb in RUNS_CODE and (
        short := next((each for each in selectors if _LIKE_A_COMMIT.fullmatch(each)), "")
    ):
        return Refused(because=f"`{short}` is not a whole commit: all 40 digits are compared")
    return Command(
        verb=verb, selectors=selectors, commit="".join(commits), digest="".join(digests), merge=merge
    )


def _selectors(verb: CommandVerb) -> int | None:
    return 1 if verb in _ONE_SELECTOR_THEN_WORDS else None


def _is_word(text: str) -> bool:
    return (
        bool(_COMMIT.fullmatch(text) or _DIGEST.fullmatch(text) or _SELECTOR.fullmatch(text))
        and ".." not in text
    )


def _with_reason(verb: CommandVerb, words: list[str]) -> Command | Refused:
    if not words:
        return Refused(because=f"`{verb}` wants to be told of what", line=f"runner {verb} ENVIRONMENT/STACK")
    reason = " ".join(words[1:])
    if verb is CommandVerb.FREEZE and not reason:
        return Refused(
            because="a freeze has a reason, which all who wait are told",
            line=f"runner freeze {words[0]} REASON",
        )
    return Command(verb=verb, selectors=(words[0],), reason=reason)


def _bound(command: Command, facts: CommandFacts) -> Command | Refused:
    """A command that runs code, or approves, against the pull request as it stands now."""
    head, pull = facts.pull.head_commit, facts.pull
    if command.commit and command.commit != head:
        because = f"the head is `{head}`, not `{command.commit}`: look at what came since"
        return Refused(because=because)
    if command.verb in RUNS_CODE and pull.state is PullState.CLOSED:
        return Refused(because="the pull request is closed")
    if command.verb in RUNS_CODE and pull.state is PullState.OPEN and facts.stranger and not command.commit:
        if same_person(facts.comment.author, pull.author):
            return Refused(
                because="somebody else has to read it: it is your own code, and you are a stranger here"
            )
        words = " ".join(("runner", command.verb, *command.selectors, head))
        because = "this runs code of somebody who may not push here: name the commit that you have read"
        return Refused(because=because, line=words)
    if command.verb is CommandVerb.APPROVE and (len(command.selectors) != 1 or not command.digest):
        because = "an approval by comment names one target and the digest of its plan, as the preview has it"
        return Refused(
            because=because, line=f"runner approve {''.join(command.selectors[:1]) or 'TARGET'} DIGEST"
        )
    return command
