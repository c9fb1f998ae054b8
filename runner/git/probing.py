"""What this Git and this remote can do, found out without changing anything."""

from __future__ import annotations

import re

from runner.git.command import GitCommand
from runner.git.repository import Repository

OLDEST = (2, 38)
"""`merge-tree --write-tree` came with it (https://git-scm.com/docs/RelNotes/2.38.0.txt)."""

PROBE = "refs/runner/doctor/probe"


def git_version(command: GitCommand) -> tuple[int, ...]:
    """As `git version` prints it: (2, 43, 0). Empty where it cannot be read."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", command.output("version").decode(errors="replace"))
    return tuple(int(part) for part in found.groups() if part) if found else ()


def rehearsed_push(repository: Repository, remote: str, commit: str, ref: str = PROBE) -> str:
    """Rehearses a push of `commit` to `ref`: empty where the remote would be asked to take it, else the reason in its
    words. Access is tried for real; a server's hooks and rules are not, for Git does not run them in a rehearsal.
    NoAnswer where the remote is silent."""
    answer = repository.command.network(
        "push",
        "--dry-run",
        "--porcelain",
        "--no-verify",
        "--",
        repository.checked_remote(remote),
        f"{commit}:{ref}",
    )
    return (answer.stderr or f"git push ended with status {answer.status}") if answer.status else ""
