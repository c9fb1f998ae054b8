"""What people said of one target's plan, on its pull request: `runner approve TARGET DIGEST`, `runner reject TARGET`.

They are read from the forge, which knows who wrote a comment; a ref that everybody with push can write would prove
nothing (law 12). Whose word counts, is decided later.
"""

from __future__ import annotations

from msgspec import Struct

from runner.decisions.approvals import NamedApproval
from runner.decisions.comment_commands import Command, CommandFacts, CommandVerb, command_of
from runner.forge import Forge
from runner.model.names import TargetName
from runner.model.person import Grant, Permission, same_person
from runner.model.pull_request import Comment, PullRequest


class NamedWords(Struct, frozen=True, kw_only=True):
    """The last word of each person on each target: approvals of the plan they name; rejections, of whatever plan."""

    approvals: tuple[NamedApproval, ...] = ()
    rejections: tuple[NamedApproval, ...] = ()


def named_words(forge: Forge, pull: PullRequest) -> NamedWords:
    """Of all targets of a pull request. A comment that another one than its author wrote last is nobody's word.
    NoAnswer."""
    last: dict[tuple[str, TargetName], tuple[CommandVerb, NamedApproval]] = {}
    for comment in forge.comments(pull.number):
        command = _command(comment, pull)
        if command is None or not _own_words(forge, pull, comment):
            continue
        environment, _, stack = command.selectors[0].removeprefix("env/").partition("/")
        target = TargetName(environment=environment, stack=stack)
        named = NamedApproval(
            person=comment.author, target=target, digest=command.digest, at=comment.created_at
        )
        last[comment.author.login.casefold(), target] = command.verb, named
    return NamedWords(
        approvals=tuple(named for verb, named in last.values() if verb is CommandVerb.APPROVE),
        rejections=tuple(named for verb, named in last.values() if verb is CommandVerb.REJECT),
    )


def _command(comment: Comment, pull: PullRequest) -> Command | None:
    """What it says of a plan; whether its author may, is asked where it could count."""
    unasked = Grant(permission=Permission.WRITE)
    facts = CommandFacts(comment=comment, pull=pull, grant=unasked, created=True, stranger=False)
    found = command_of(facts)
    wanted = (CommandVerb.APPROVE, CommandVerb.REJECT)
    return found if isinstance(found, Command) and found.verb in wanted else None


def _own_words(forge: Forge, pull: PullRequest, comment: Comment) -> bool:
    if not forge.limits.editors:
        return True
    editor = forge.last_editor(pull.number, comment)
    return editor is None or same_person(editor, comment.author)
