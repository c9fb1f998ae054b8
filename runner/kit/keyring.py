"""A key and a ring of keys, as things that are handed around; `crypto` makes them and works with them.

Apart from it, so that who only passes keys on does not pay for loading a cryptographic library.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct, field


class Key(Struct, frozen=True, kw_only=True):
    """`id` is 16 hexadecimal digits that say nothing about `secret` (32 bytes), and may be public."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"Key(id={self.id!r})"  # the secret is not to be read in a traceback


class KeyRing(Struct, frozen=True, kw_only=True):
    """The keys of one environment: `current` seals objects, `old` (by id) only open them. `sealing` seals values; it
    stays the first one when keys are rotated, for a value must look the same as long as it is the same."""

    current: Key
    old: Mapping[str, Key] = field(default_factory=lambda: MappingProxyType({}))
    sealing: Key

    def find(self, id: str) -> Key | None:
        """The key with this id."""
        return self.current if id == self.current.id else self.old.get(id)


def ring_of(key: Key) -> KeyRing:
    """A ring that was never rotated."""
    return KeyRing(current=key, sealing=key)
