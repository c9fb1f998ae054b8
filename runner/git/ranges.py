"""What lies between two commits: where their histories meet, and which paths differ. A shallow clone fetches what it
lacks, or says which commit is missing."""

from __future__ import annotations

import os

from msgspec import Struct

from runner.errors import AskedWrongly, NoAnswer
from runner.git.repository import Repository

_STEPS = ("--deepen=50", "--deepen=500", "--deepen=5000", "--unshallow")


class ChangedPath(Struct, frozen=True, kw_only=True):
    """A path that differs between two trees; `before` and `after` are blob ids (a submodule's commit), empty where
    there is nothing; `modes` as Git writes them (`100644`), `000000` for nothing."""

    path: str
    before: str
    after: str
    modes: tuple[str, str]

    @property
    def is_edit(self) -> bool:
        """A file that stayed a file of the same kind, and holds something else."""
        return self.modes[0] == self.modes[1] and self.modes[0].startswith("100")


def changed_paths(repository: Repository, before: str, after: str) -> tuple[ChangedPath, ...]:
    """The paths that differ between two trees (or commits), sorted by Git; renames are an end and a birth."""
    lines = repository.command.output(
        "diff-tree", "-r", "-z", "--no-renames", "--raw", "--no-abbrev", before, after, "--"
    )
    items = iter(os.fsdecode(lines).split("\0"))
    found = []
    for item in items:
        if item.startswith(":"):
            old_mode, mode, old, new, _ = item[1:].split(" ")
            found.append(
                ChangedPath(
                    path=next(items),
                    before=old if old_mode != "000000" else "",
                    after=new if mode != "000000" else "",
                    modes=(old_mode, mode),
                )
            )
    return tuple(found)


def renamed_paths(repository: Repository, before: str, after: str) -> dict[str, str]:
    """Git's guesses: old path -> new path. For proposals, never for decisions."""
    lines = repository.command.output(
        "diff-tree", "-r", "-z", "--find-renames", "--diff-filter=R", "--name-status", before, after, "--"
    )
    items = [each for each in os.fsdecode(lines).split("\0") if each]
    return {items[at + 1]: items[at + 2] for at in range(0, len(items) - 2, 3)}


def first_parent(repository: Repository, commit: str) -> str:
    """The first parent of a commit, empty for a root. AskedWrongly `history-shallow` where this clone lacks it and
    cannot fetch it."""
    parents = _parents(repository, commit)
    if parents and not repository.objects.has(parents[:1]):
        _complete(repository, (commit,), parents[:1])
    return parents[0] if parents else ""


def merge_bases(repository: Repository, one: str, other: str) -> tuple[str, ...]:
    """Every best common ancestor: several after criss-cross merges, none where the histories are unrelated.
    AskedWrongly `history-shallow` where this clone is too shallow to tell, and cannot be completed."""
    for step in (*_STEPS, ""):
        answer = repository.command.run("merge-base", "--all", one, other)
        bases = tuple(answer.lines)
        cut = _cut(repository, (one, other), bases)
        if not cut:
            return bases
        missing = sorted({parent for commit in cut for parent in _parents(repository, commit)})
        lacking = [each for each in missing if not repository.objects.has((each,))] or missing
        if not step or not _deepened(repository, cut, step):
            raise _too_shallow(repository, (one, other), lacking)
    return ()


def fetched_commit(repository: Repository, remote: str, commit: str) -> bool:
    """Whether `remote` brought a commit by its id."""
    shallow = ("--depth=1",) if (repository.git_directory / "shallow").exists() else ()
    try:
        answer = repository.command.network(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", *shallow, "--", remote, commit
        )
    except NoAnswer:
        return False
    repository.objects.close()
    return answer.status == 0 and repository.objects.has((commit,))


def _cut(repository: Repository, heads: tuple[str, ...], bases: tuple[str, ...]) -> tuple[str, ...]:
    """Commits at which this clone's history ends early, that are reached before a common ancestor is."""
    file = repository.git_directory / "shallow"
    if not file.exists():
        return ()
    ends = set(file.read_text().split())
    walked = repository.command.output("rev-list", *heads, *(f"^{fork}" for fork in bases), "--")
    return tuple(commit for commit in walked.decode().split() if commit in ends)


def _parents(repository: Repository, commit: str) -> tuple[str, ...]:
    """The parents as the commit itself names them, also those that a shallow clone left out."""
    header = repository.objects.read(commit).split(b"\n\n", 1)[0].decode(errors="replace")
    return tuple(line.removeprefix("parent ") for line in header.split("\n") if line.startswith("parent "))


def _complete(repository: Repository, heads: tuple[str, ...], missing: tuple[str, ...]) -> None:
    for step in _STEPS:
        if not _deepened(repository, heads, step):
            break
        if repository.objects.has(missing):
            return
    raise _too_shallow(repository, heads, list(missing))


def _deepened(repository: Repository, commits: tuple[str, ...], step: str) -> bool:
    """Whether a remote brought more of the history of `commits`, which came from it."""
    for remote in repository.remotes():
        try:
            answer = repository.command.network(
                "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", step, "--", remote, *commits
            )
        except NoAnswer:
            continue
        if answer.status == 0:
            repository.objects.close()  # a kept reader goes on with the history that it knew
            return True
    return False


def _too_shallow(repository: Repository, heads: tuple[str, ...], missing: list[str]) -> AskedWrongly:
    named = ", ".join(each[:12] for each in missing[:3]) or "a parent"
    words = " and ".join(each[:12] for each in heads)
    remote = next(iter(repository.remotes()), "")
    return AskedWrongly.of(
        "history-shallow",
        f"this clone is too shallow to compare {words}: it lacks {named}, and could not fetch it",
        hint=f"`git fetch --unshallow{' ' + remote if remote else ''}`, or fetch-depth: 0 in CI",
    )
