"""What our comment of a pull request showed, and what became of it: a record that approvals are bound to (law 1)."""

from __future__ import annotations

from msgspec import Struct

from runner.model.approval import Showing
from runner.model.previewed import Superseded


class Shown(Struct, frozen=True, kw_only=True):
    """`showings` oldest first. `comment` is our comment's id, `body` the digest of its text as the forge keeps it.
    `preview` is the digest of the last published preview, empty where it was too large to keep."""

    number: int
    comment: str = ""
    body: str = ""
    showings: tuple[Showing, ...] = ()
    superseded: tuple[Superseded, ...] = ()
    preview: str = ""
