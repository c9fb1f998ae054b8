"""A short name for a directory in which programs open sockets: a socket's path has 103 bytes at most."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

LONGEST = 103
"""Bytes of a Unix socket's path, see unix(7); Linux takes 107, others 103."""
SOCKET_NAME = 40
"""Bytes that a program may add: `/plugin1234567890` is what Terraform's providers make."""

_ABOVE = ("/tmp",)  # noqa: S108 (mkdtemp makes a private directory in it)


@contextlib.contextmanager
def short_name(place: Path) -> Iterator[Path]:
    """`place` itself where a socket in it can be named, else a link to it in a private directory of the system's
    temporary one, for as long as the block runs. Who is killed in the block leaves the link."""
    if _fits(place):
        yield place
        return
    fitting = (each for each in (tempfile.gettempdir(), *_ABOVE) if _fits(Path(each, "runner-12345678", "t")))
    directory = Path(tempfile.mkdtemp(prefix="runner-", dir=next(fitting, None)))
    link = directory / "t"
    try:
        link.symlink_to(place, target_is_directory=True)
        yield link
    finally:
        link.unlink(missing_ok=True)
        directory.rmdir()


def _fits(place: Path) -> bool:
    return len(os.fsencode(place)) + SOCKET_NAME <= LONGEST
