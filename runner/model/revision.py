"""A commit or a work tree, as the thing that is planned."""

from __future__ import annotations

from msgspec import Struct


class Revision(Struct, frozen=True, kw_only=True):
    """`commit` is the checked-out or named commit (40 hex digits, empty in a repository without one); `tree` the Git
    tree that is planned, which differs from the commit's when `dirty`; `branch` the short branch name, if any."""

    commit: str
    tree: str
    branch: str = ""
    dirty: bool = False
    dirty_paths: tuple[str, ...] = ()
