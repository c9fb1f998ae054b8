"""What our comment of a pull request showed before, believed only where the forge confirms it (law 12).

The record lies in Git, where everybody with push can write. Which one counts, a check of ours says: its title ends in
the record's digest, and the forge tells who reported it. Where somebody else edited the comment, nobody can say what
was read since it was last written: then what it showed since counts for nothing.

What remains: who may report checks as the very account that publishes (on GitHub every workflow that is given the
job's token) can make another record count; an edit that was taken back before anybody looked is not seen, except where
the forge tells who edited last. An app of one's own, whose key only the publishing job has, closes the first.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from runner.forge import Forge
from runner.model.approval import Showing
from runner.model.check import CheckReport
from runner.model.person import Permission, Person, same_person
from runner.model.pull_request import Comment, PullRequest
from runner.model.shown import Shown
from runner.operations.shown_records import Showings
from runner.report.comment_check import CHECK
from runner.report.comment_marker import MARKER

_MOST = 3  # pull requests of one head, of which the check is one
_POINTER = re.compile(r" \[shown ([0-9a-f]{32}(?: [0-9a-f]{32})*)\]$")
POINTER_LENGTH = _MOST * 33 + len(" [shown]")


class Known(Struct, frozen=True, kw_only=True):
    """`shown` is believed, and empty where nothing is; then `because` says why, if there was something. `digest` names
    its record. `comment` is our comment as it is now, None where there is none. `reports` are those of the head, None
    where nobody asked for them. `others` are records of other pull requests that the check of the same head names."""

    shown: Shown
    digest: str = ""
    comment: Comment | None = None
    because: str = ""
    reports: tuple[CheckReport, ...] | None = None
    others: tuple[str, ...] = ()

    @property
    def showings(self) -> tuple[Showing, ...]:
        """What approvals are bound to."""
        return self.shown.showings


def publisher_of(forge: Forge, pull: PullRequest) -> Person | None:
    """Who publishes here, for somebody who does not: of whom the head has a check that names a record, a program (an
    app of GitHub's), or an administrator as the forge confirms. None where no such check is there. NoAnswer."""
    named = (
        each.reporter
        for each in forge.checks(pull.head_commit)
        if each.name == CHECK and each.reporter.login and _POINTER.search(each.title)
    )
    admin = Permission.ADMIN
    return next((each for each in named if each.bot or forge.permission(each).permission.covers(admin)), None)


def known_before(forge: Forge, showings: Showings, pull: PullRequest, us: Person | None = None) -> Known:
    """Asks the record's place, and the forge for its word. `us`: the account that publishes, where it is not the one
    that asks. NoAnswer."""
    showings.refresh([pull.number])
    if us is not None and showings.unconfirmed(pull.number):
        return _confirmed(forge, showings, pull, us)
    comment = forge.own_comment(pull.number, MARKER)
    hints = showings.unconfirmed(pull.number)
    if not hints:
        reports = forge.checks(pull.head_commit)
        others = _pointers(reports, forge.identity().person) if reports else ()
        return Known(shown=Shown(number=pull.number), comment=comment, reports=reports, others=others)
    us = comment.author if comment else forge.identity().person
    known = _confirmed(forge, showings, pull, us)
    if comment is None and known.shown.comment:
        found = forge.read_comment(pull.number, known.shown.comment)
        comment = found if found and same_person(found.author, us) else None
    return replace(known, comment=comment)


def pointed(title: str, digests: Sequence[str]) -> str:
    """The title of a check that says which records count; of one that says nothing of it where there are none,
    whatever foreign words it ends in."""
    plain = title.rstrip()
    while _POINTER.search(plain):
        plain = _POINTER.sub("", plain).rstrip()
    named = list(dict.fromkeys(filter(None, digests)))[:_MOST]
    return f"{plain} [shown {' '.join(named)}]" if named else plain


def pointers_on(forge: Forge, commit: str) -> tuple[str, ...]:
    """The digests of the records that a check of ours on a commit names: of each pull request with that head one."""
    return _pointers(forge.checks(commit), forge.identity().person)


def _pointers(reports: Iterable[CheckReport], us: Person) -> tuple[str, ...]:
    found = (
        _POINTER.search(each.title)
        for each in reports
        if each.name == CHECK and same_person(each.reporter, us)
    )
    return next((tuple(each[1].split()) for each in found if each), ())


def body_digest(body: str) -> str:
    """The digest of a comment's text, without what forges do to white space."""
    lines = [line.rstrip() for line in body.replace("\r\n", "\n").strip().split("\n")]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()


def edited_since(forge: Forge, known: Known, ours: Iterable[str]) -> Person | None:
    """Who else edited the comment since we wrote it (somebody without a name where the forge does not tell); None where
    its text is ours: as recorded, or one of `ours`."""
    comment = known.comment
    if comment is None or not known.shown.body:
        return None
    if body_digest(comment.body) in {known.shown.body, *map(body_digest, ours)}:
        return None
    editor = forge.last_editor(known.shown.number, comment)
    return None if editor and same_person(editor, forge.identity().person) else editor or Person(login="")


def interrupted(shown: Shown) -> Shown:
    """As if the comment had shown nothing since it was last written."""
    if not shown.showings:
        return shown
    last = shown.showings[-1]
    return replace(shown, showings=(*shown.showings[:-1], replace(last, digests={})))


def _confirmed(forge: Forge, showings: Showings, pull: PullRequest, us: Person) -> Known:
    commits = [showing.commit for each in showings.unconfirmed(pull.number) for showing in each.showings[-1:]]
    commit = pull.head_commit if pull.head_commit in commits or not commits else commits[0]
    reports = forge.checks(commit)
    known = Known(shown=Shown(number=pull.number), reports=reports if commit == pull.head_commit else None)
    named = {each: showings.find(pull.number, each) for each in _pointers(reports, us)}
    others = tuple(each for each, shown in named.items() if shown is None)
    if others and commit != pull.head_commit:
        others = pointers_on(forge, pull.head_commit)
    for digest, shown in named.items():
        if shown is not None:
            return replace(known, shown=shown, digest=digest, others=others)
    known = replace(known, others=others)
    because = (
        f"what was shown before is recorded, and no check of `{us.login}` on `{commit[:12]}` confirms it"
    )
    return replace(known, because=because)
