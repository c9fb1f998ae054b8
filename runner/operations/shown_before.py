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
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from runner.forge import Forge
from runner.model.approval import Showing
from runner.model.check import CheckReport
from runner.model.person import Person, same_person
from runner.model.pull_request import Comment, PullRequest
from runner.model.shown import Shown
from runner.operations.shown_records import Showings
from runner.report.comment_check import CHECK
from runner.report.comment_marker import MARKER

_POINTER = re.compile(r" \[shown ([0-9a-f]{32})\]$")
POINTER_LENGTH = 32 + len(" [shown ]")


class Known(Struct, frozen=True, kw_only=True):
    """`shown` is believed, and empty where nothing is; then `because` says why, if there was something. `digest` names
    its record. `comment` is our comment as it is now, None where there is none. `reports` are those of the head, None
    where nobody asked for them."""

    shown: Shown
    digest: str = ""
    comment: Comment | None = None
    because: str = ""
    reports: tuple[CheckReport, ...] | None = None

    @property
    def showings(self) -> tuple[Showing, ...]:
        """What approvals are bound to."""
        return self.shown.showings


def known_before(forge: Forge, showings: Showings, pull: PullRequest) -> Known:
    """Asks the record's place, and the forge for its word. NoAnswer."""
    showings.refresh([pull.number])
    comment = forge.own_comment(pull.number, MARKER)
    hints = showings.unconfirmed(pull.number)
    if not hints:
        return Known(shown=Shown(number=pull.number), comment=comment)
    us = comment.author if comment else forge.identity().person
    known = _confirmed(forge, showings, pull, us)
    if comment is None and known.shown.comment:
        found = forge.read_comment(pull.number, known.shown.comment)
        comment = found if found and same_person(found.author, us) else None
    return replace(known, comment=comment)


def pointed(title: str, digest: str) -> str:
    """The title of a check that says which record counts; of one that says nothing of it where `digest` is empty,
    whatever foreign words it ends in."""
    plain = title.rstrip()
    while _POINTER.search(plain):
        plain = _POINTER.sub("", plain).rstrip()
    return f"{plain} [shown {digest}]" if digest else plain


def pointer_on(forge: Forge, commit: str) -> str:
    """The digest of the record that a check of ours on a commit names; empty where none does."""
    return _pointer(forge.checks(commit), forge.identity().person)


def _pointer(reports: Iterable[CheckReport], us: Person) -> str:
    found = (
        _POINTER.search(each.title)
        for each in reports
        if each.name == CHECK and same_person(each.reporter, us)
    )
    return next((each[1] for each in found if each), "")


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
    digest = _pointer(reports, us)
    if digest and (shown := showings.find(pull.number, digest)):
        return replace(known, shown=shown, digest=digest)
    because = (
        f"what was shown before is recorded, and no check of `{us.login}` on `{commit[:12]}` confirms it"
    )
    return replace(known, because=because)
