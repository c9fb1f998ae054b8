"""Shared refs in the clone itself: `update-ref` transactions, and a lock file so that writers queue."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from runner.git.place import LostRace, Move, MoveAnswer, Moved, RefNaming, Refused, matches
from runner.git.repository import Repository

_RACE = re.compile(
    r"cannot lock ref|unable to lock|reference already exists|but expected|Unable to create '[^']*\.lock'"
)


class LocalPlace:
    """See Place."""

    def __init__(self, repository: Repository, naming: RefNaming) -> None:
        self._repository = repository
        self._naming = naming
        repository.objects.sync = (
            True  # nothing else holds a local record's objects: they must survive a power cut
        )

    @property
    def name(self) -> str:
        """See Place."""
        return "local"

    def listed(self, patterns: Sequence[str], *, anew: bool = False) -> Mapping[str, str]:
        """See Place."""
        asked = (self._naming.there(pattern).removesuffix("*") for pattern in patterns)
        # Without the part of a name before the `*`: for-each-ref knows directories and whole names only.
        directories = sorted(
            {each if each.endswith("/") else each.rpartition("/")[0] + "/" for each in asked}
        )
        lines = self._repository.command.output(
            "for-each-ref", "--format=%(objectname) %(refname)", *directories
        )
        pairs = (line.split(" ", 1) for line in os.fsdecode(lines).splitlines())
        heads = {self._naming.here(ref): commit for commit, ref in pairs}
        return {ref: commit for ref, commit in heads.items() if matches(ref, patterns)}

    def bring(self, heads: Mapping[str, str]) -> bool:
        """See Place; they are here."""
        return self._repository.objects.has(heads.values())

    def move(self, moves: Sequence[Move]) -> MoveAnswer:
        """See Place."""
        nothing = self._repository.objects.nothing
        lines = (
            f"update {self._naming.there(each.ref)} {each.commit} {each.expected or nothing}"
            for each in moves
        )
        script = "\n".join(("start", *lines, "prepare", "commit", "")).encode()
        answer = self._repository.command.run("update-ref", "--no-deref", "--stdin", stdin=script)
        if answer.status == 0:
            return Moved()
        return (
            LostRace(message=answer.stderr) if _RACE.search(answer.stderr) else Refused(message=answer.stderr)
        )

    def turn(self) -> AbstractContextManager[None]:
        """See Place."""
        return _locked(self._repository)


@contextmanager
def _locked(repository: Repository) -> Iterator[None]:
    directory = repository.git_directory / "runner"
    directory.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(directory / "local.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
