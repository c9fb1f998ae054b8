"""What all forges share about comments and people: ours are told by their author, and nothing is written twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from runner.errors import AskedWrongly, Denied
from runner.forge.declined import Unsure
from runner.model.person import NO_ONE, Grant, Membership, Permission, Person, same_person
from runner.model.pull_request import Comment


def own(comments: Iterable[Comment], author: Person, marker: str) -> Comment | None:
    """The oldest comment by `author` that holds `marker`: what others write with our marker in it is theirs."""
    return next((each for each in comments if same_person(each.author, author) and marker in each.body), None)


def written_once(
    write: Callable[[], Comment], listed: Callable[[], Iterable[Comment]], author: Person, body: str
) -> Comment:
    """Writes a comment; where no answer came, the one that arrived is the answer, and only where none did it is written
    again. Its own text is the mark, without the white space that forges take off."""
    try:
        return write()
    except Unsure:
        arrived = [
            each
            for each in listed()
            if same_person(each.author, author) and each.body.strip() == body.strip()
        ]
        return arrived[-1] if arrived else write()


def refuse_foreign(comment: Comment, author: Person) -> None:
    """Denied `forge-not-ours` where the comment is somebody else's."""
    if not same_person(comment.author, author):
        whose = comment.author.login or "nobody"
        message = f"the comment {comment.id} is by {whose}, not by {author.login}: it is not edited"
        raise Denied.of("forge-not-ours", message)


def granted(ask: Callable[[], Permission]) -> Grant:
    """The permission that the forge confirms, or none with the reason."""
    try:
        return Grant(permission=ask())
    except (Denied, AskedWrongly) as refused:
        return Grant(permission=Permission.NONE, because=refused.diagnostics[0].message)


def member(ask: Callable[[], Membership]) -> Membership:
    """The membership that the forge confirms, or none with the reason."""
    try:
        return ask()
    except (Denied, AskedWrongly) as refused:
        return Membership(confirmed=False, because=refused.diagnostics[0].message)


def not_a_member(person: Person, team: str) -> Membership:
    """The forge says no."""
    return Membership(confirmed=False, because=f"{person.login or 'nobody'} is not in {team}")


def unnamed(person: Person) -> bool:
    """Whether there is nobody to ask about."""
    return person is NO_ONE or not person.login


def team_path(team: str) -> tuple[str, str]:
    """`@acme/eu/platform` → (`acme/eu`, `platform`); AskedWrongly `forge-team-unclear` for one without a slash."""
    above, _, name = team.removeprefix("@").rpartition("/")
    if not above or not name:
        raise AskedWrongly.of(
            "forge-team-unclear", f"`{team}` is not a team: write it as `@organisation/team`"
        )
    return above, name
