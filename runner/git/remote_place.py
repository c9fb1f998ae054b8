"""Shared refs at a remote: `ls-remote`, `fetch`, and one atomic `push` with a lease for each ref."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from runner.errors import NoAnswer
from runner.git.command import GitAnswer
from runner.git.place import LostRace, Move, MoveAnswer, Moved, NotKnown, RefNaming, Refused, matches
from runner.git.repository import Repository, remote_refused

# What git and its servers say when somebody else was faster.
_RACE = re.compile(
    r"stale info|fetch first|non-fast-forward|failed to update ref|failed to lock|cannot lock ref"
    r"|reference already exists|incorrect old value|is at [0-9a-f]+ but expected"
    r"|atomic transaction failed|already exists|Unable to create '[^']*\.lock'"
)
_REFUSAL = re.compile(
    r"hook declined|hook refused|protected|denied|deny |prohibited|not allowed|read-only|forbidden"
)


class RemotePlace:
    """See Place. AskedWrongly `no-such-remote`."""

    def __init__(self, repository: Repository, remote: str, naming: RefNaming) -> None:
        self._repository = repository
        self._remote = repository.checked_remote(remote)
        self._naming = naming

    @property
    def name(self) -> str:
        """See Place."""
        return f"remote/{self._remote}"

    def listed(self, patterns: Sequence[str], *, anew: bool = False) -> Mapping[str, str]:
        """See Place."""
        asked = [self._naming.there(pattern) for pattern in patterns]
        there = self._repository.refs_there(self._remote, asked, anew=anew)
        heads = {self._naming.here(ref): commit for ref, commit in there.items()}
        return {ref: commit for ref, commit in heads.items() if matches(ref, patterns)}

    def bring(self, heads: Mapping[str, str]) -> bool:
        """See Place."""
        names = [self._naming.there(ref) for ref in heads]
        answer = self._repository.command.network(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-prune",
            "--no-write-fetch-head",
            "--refmap=",
            "--",
            self._remote,
            *names,
        )
        if answer.status and "couldn't find remote ref" not in answer.stderr:
            raise remote_refused(self._remote, answer)
        return self._repository.objects.has(heads.values())

    def move(self, moves: Sequence[Move]) -> MoveAnswer:
        """See Place."""
        leases = (
            f"--force-with-lease={self._naming.there(each.ref)}:{each.expected or ''}" for each in moves
        )
        specs = (f"{each.commit}:{self._naming.there(each.ref)}" for each in moves)
        try:
            answer = self._repository.command.network(
                "push",
                "--porcelain",
                "--atomic",
                "--no-verify",
                "--no-thin",
                *leases,
                "--",
                self._remote,
                *specs,
            )
        except NoAnswer as error:
            return NotKnown(message=str(error))
        return _judged_push(answer, len(moves))

    def turn(self) -> AbstractContextManager[None]:
        """See Place; remote writers cannot queue."""
        return nullcontext()


def _judged_push(answer: GitAnswer, count: int) -> MoveAnswer:
    """What `push --porcelain` of `count` refs says: one line a ref, `<flag> TAB <from>:<to> TAB <summary>`."""
    flags = [line[0] for line in answer.lines if re.match(r"[ +*=!-]\t", line)]
    if answer.status == 0 and len(flags) == count and "!" not in flags:
        # `=`: the remote had this very commit already, so it was not us who moved it there.
        return LostRace(message="the remote had it already") if "=" in flags else Moved()
    # Only the reasons count; the rest of the words is a hook's, which may say anything.
    reasons = "\n".join(line.rpartition("\t")[2] for line in answer.lines if line.startswith("!"))
    words = "\n".join(filter(None, (answer.stderr, reasons))) or f"git push ended with status {answer.status}"
    if not reasons or "failed to report status" in reasons:
        return NotKnown(message=words)
    if _REFUSAL.search(reasons) or "aborted by hook" in words:
        return Refused(message=words)
    return LostRace(message=words) if _RACE.search(reasons) else Refused(message=words, surely=False)
