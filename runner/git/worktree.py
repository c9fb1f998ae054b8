"""The work tree as a Git tree: what a commit of everything that is not ignored would hold."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from runner.git.repository import Repository
from runner.model.revision import Revision


def checked_out(repository: Repository) -> Revision:
    """The checked-out commit with its own tree; nobody looked at the branch, nor whether the work tree differs."""
    commit = repository.head()
    return Revision(commit=commit, tree=repository.tree_of(commit) if commit else "")


def snapshot_worktree(repository: Repository) -> Revision:
    """The checked-out commit and the tree that stands on disk, untracked files included, ignored ones not. The user's
    index is read, never written. A clean tree costs two commands."""
    status = repository.command.output(
        "status",
        "--porcelain=v2",
        "-z",
        "--branch",
        "--untracked-files=all",
        "--no-renames",
        "--no-ahead-behind",
    )
    commit, branch, dirty = _parse_status(os.fsdecode(status))
    if commit and not dirty:
        return Revision(commit=commit, tree=repository.tree_of(commit), branch=branch)
    return Revision(
        commit=commit, tree=_tree_on_disk(repository), branch=branch, dirty=bool(dirty), dirty_paths=dirty
    )


def _parse_status(status: str) -> tuple[str, str, tuple[str, ...]]:
    # https://git-scm.com/docs/git-status#_porcelain_format_version_2: fields before the path, by the line's kind
    before = {"1": 8, "u": 10, "?": 1, "!": 1}
    commit = branch = ""
    dirty = set()
    for line in filter(None, status.split("\0")):
        if line.startswith("# branch.oid "):
            commit = line.removeprefix("# branch.oid ").replace("(initial)", "")
        elif line.startswith("# branch.head "):
            branch = line.removeprefix("# branch.head ").replace("(detached)", "")
        elif line[0] in before:
            dirty.add(line.split(" ", before[line[0]])[-1])
    return commit, branch, tuple(sorted(dirty))


def _tree_on_disk(repository: Repository) -> str:
    index = Path(
        repository.command.output("rev-parse", "--path-format=absolute", "--git-path", "index")
        .decode()
        .strip()
    )
    with TemporaryDirectory(prefix="runner-index-") as directory:
        private = Path(directory) / "index"
        if index.exists():
            shutil.copy2(
                index, private
            )  # what Git knows of unchanged files comes along: they are not read again
        env = {"GIT_INDEX_FILE": str(private)}
        repository.command.output("-c", "advice.addEmbeddedRepo=false", "add", "--all", env=env)
        return repository.command.output("write-tree", env=env).decode().strip()
