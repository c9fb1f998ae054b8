"""What stands beside a stack's code once it is initialised."""

from __future__ import annotations

from msgspec import Struct


class InstalledModule(Struct, frozen=True, kw_only=True):
    """A module of a stack. `key`: the names of the calls that lead to it, joined by dots, empty for the stack's own;
    `source` as its call writes it; `directory` from the stack's, `.` for the stack's own."""

    key: str
    source: str
    directory: str
