"""Where programs are laid out: at the same place in every run.

What a program pickles names the path that its code lay at (Pulumi's dynamic providers), and its engine would find
that every resource changes where the path does. One run at a time has a target's first place; others have the next.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from msgspec import Struct

from runner.model.names import TargetName, encoded


class FixedTree(Struct, frozen=True, kw_only=True):
    """A place that is ours for as long as `descriptor` is open: here, or in a child that inherited it."""

    path: Path
    descriptor: int

    def emptied(self) -> Path:
        """The tree's directory, with nothing in it, mode 0700."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(mode=0o700)
        return self.path

    def release(self) -> None:
        """Removes what lies there, and lets go."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.descriptor)


def claimed(git_directory: Path, target: TargetName) -> FixedTree:
    """The first place of `target` that no living run has."""
    for place in _places(git_directory, target):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        return FixedTree(path=place / "tree", descriptor=descriptor)
    raise AssertionError("there is always a next place")


def _places(git_directory: Path, target: TargetName) -> Iterator[Path]:
    top = git_directory / "runner" / "programs" / encoded(str(target))
    return (top / str(number) for number in count())
