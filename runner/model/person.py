"""Who the people of a forge are, and what it confirms of them. What it does not confirm is no."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Person(Struct, frozen=True, kw_only=True):
    """An account. `login` is what people write (`alice`), compared without regard to case (`same_person`); `id` the
    forge's own number of it, which survives a rename; `bot` where the forge says that it is a program."""

    login: str
    id: str = ""
    bot: bool = False


NO_ONE = Person(login="")
"""An account that is gone, or that the forge does not name: equal to nobody, not even to itself (`same_person`)."""


def same_person(one: Person, other: Person) -> bool:
    """Whether both are one account. By id where both have one: a freed login can be somebody else's."""
    if one.id and other.id:
        return one.id == other.id
    return bool(one.login) and one.login.casefold() == other.login.casefold()


class Permission(StrEnum):
    """What an account may do in a repository, in rising order."""

    NONE = "none"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def covers(self, needed: Permission) -> bool:
        """Whether who has this one may do what `needed` allows."""
        order = tuple(Permission)
        return order.index(self) >= order.index(needed)


class Grant(Struct, frozen=True, kw_only=True):
    """A person's permission. `because` says why it is NONE where the forge would not tell."""

    permission: Permission
    because: str = ""


class Membership(Struct, frozen=True, kw_only=True):
    """Whether a person is in a team. `because` says why not, or why the forge would not tell."""

    confirmed: bool
    because: str = ""
