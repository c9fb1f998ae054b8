"""Telling people where they are: chat rooms, mail, a pager. The room knows addresses and how to hand a message over.

It refuses to decide whom to tell, or about what, and to fail what it tells of: a room that does not answer is said, and
changes nothing else.
"""

from __future__ import annotations

from typing import Protocol


class Notices(Protocol):
    """Hands messages over."""

    def send(self, address: str, title: str, body: str) -> str:
        """Tells it, within seconds. Returns why it was not taken, in words that hold nothing of the address; empty
        where it was. Raises nothing for what the address does, or does not."""
