"""A directory with a lock that dies with its holder, and a log of JSON lines that survives it.

The lock is `flock` on an inherited descriptor: children that are given it keep it, so a directory is abandoned only
when its process and all that it started are gone. No process ids are compared, which can be used again.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock

LOG = "journal.jsonl"
LOCK = "lock"


class Journal:
    """An open journal. Lines are flushed to the disk before `write` returns."""

    def __init__(self, directory: Path, descriptor: int) -> None:
        self.directory = directory
        self.descriptor = descriptor
        self._guard = Lock()
        self._log = os.open(directory / LOG, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        self._torn = _ends_torn(self._log)

    @classmethod
    def create(cls, directory: Path) -> Journal:
        """Makes `directory` (mode 0700) and holds it. FileExistsError when it is there."""
        directory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        directory.mkdir(mode=0o700)
        return cls(directory, _locked_by_us(directory))

    @classmethod
    def adopt(cls, directory: Path) -> Journal | None:
        """Holds an abandoned directory; None while somebody else does, or when it is gone."""
        descriptor = _locked(directory) if directory.is_dir() else None
        return None if descriptor is None else cls(directory, descriptor)

    def write(self, line: Mapping[str, object]) -> None:
        """Appends one JSON object. OSError where the disk is full; what was cut by that spoils no later line."""
        content = json.dumps(line, sort_keys=True, ensure_ascii=False).encode() + b"\n"
        with self._guard:
            left = memoryview(b"\n" + content if self._torn else content)
            self._torn = True
            while left:
                left = left[os.write(self._log, left) :]
            self._torn = False
            os.fdatasync(self._log)

    def lines(self) -> Iterator[Mapping[str, object]]:
        """What was written, oldest first."""
        return read(self.directory)

    def close(self) -> None:
        """Lets go of the directory, which stays."""
        os.close(self._log)
        os.close(self.descriptor)

    def remove(self) -> None:
        """Removes the directory with all that is in it, then lets go."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.close()


def read(directory: Path) -> Iterator[Mapping[str, object]]:
    """The lines of a journal, without holding it; one that was cut, by a crash or a full disk, is left out."""
    try:
        content = (directory / LOG).read_bytes()
    except FileNotFoundError:
        return
    for line in content.split(b"\n")[:-1]:
        with suppress(ValueError):
            yield json.loads(line)


def _ends_torn(log: int) -> bool:
    size = os.fstat(log).st_size
    return size > 0 and os.pread(log, 1, size - 1) != b"\n"


def is_held(directory: Path) -> bool:
    """Whether some process holds `directory` at this moment."""
    descriptor = _locked(directory) if directory.is_dir() else None
    if descriptor is None:
        return directory.is_dir()
    os.close(descriptor)
    return False


def _locked_by_us(directory: Path) -> int:
    """The lock of a directory that is new: at most somebody looks whether it is held, which takes no time."""
    descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _locked(directory: Path) -> int | None:
    descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
