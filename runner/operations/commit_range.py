"""Which two commits a person means by a range, a commit, or nothing: `BASE..HEAD` as a pull request has it."""

from __future__ import annotations

import re

from msgspec import Struct

from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly, NoAnswer
from runner.git.commit_tree import CommitTree
from runner.git.ranges import fetched_commit, first_parent, merge_bases
from runner.git.repository import Repository
from runner.git.worktree import snapshot_worktree
from runner.operations.code_tools import CodeTools


class Compared(Struct, frozen=True, kw_only=True):
    """`bases` are the commits to compare with: one, several after criss-cross merges; empty text is the empty tree.
    `tree` is what is compared with them, `head` the commit it is or lies on; `words` name both for people."""

    bases: tuple[str, ...]
    head: str
    tree: str
    words: str
    dirty: tuple[str, ...] = ()
    notes: tuple[Diagnostic, ...] = ()


def compared(tools: CodeTools, written: str) -> Compared:
    """What `written` means. Empty: since the merge base with the default branch, up to the work tree. `BASE..HEAD`:
    since their merge base; an empty side is the default branch, or what is checked out. A single commit: what it
    changed, against its first parent. AskedWrongly `no-commit`, `no-such-commit`, `no-base`, `history-shallow`."""
    repository = tools.repository
    if not written:
        return _worktree(tools)
    start, dots, head = written.partition("...") if "..." in written else written.partition("..")
    if not dots:
        commit = _resolved(repository, start)
        parent = first_parent(repository, commit)
        words = (
            f"{commit[:12]} with its first parent {parent[:12]}"
            if parent
            else f"{commit[:12]}, the first commit"
        )
        return Compared(bases=(parent,), head=commit, tree=repository.tree_of(commit), words=words)
    tip = _resolved(repository, head or "HEAD")
    fork, name = (
        (_resolved(repository, start), start) if start else _default_branch(tools, repository.tree_of(tip))
    )
    bases, notes = _bases(repository, fork, tip, name)
    words = f"{tip[:12]} with {_listed(bases, name)}"
    return Compared(bases=bases, head=tip, tree=repository.tree_of(tip), words=words, notes=notes)


def _worktree(tools: CodeTools) -> Compared:
    repository = tools.repository
    revision = snapshot_worktree(repository)
    if not revision.commit:
        raise AskedWrongly.of(
            "no-commit",
            "this repository has no commit yet",
            hint="commit your work: `git add -A && git commit`",
        )
    start, name = _default_branch(tools, revision.tree)
    bases, notes = _bases(repository, start, revision.commit, name)
    count = len(revision.dirty_paths)
    state = f"{count} path{'s' * (count != 1)} not committed" if count else "nothing uncommitted"
    return Compared(
        bases=bases,
        head=revision.commit,
        tree=revision.tree,
        words=f"the work tree ({state}) with {_listed(bases, name)}",
        dirty=revision.dirty_paths,
        notes=notes,
    )


def _bases(
    repository: Repository, start: str, tip: str, name: str
) -> tuple[tuple[str, ...], tuple[Diagnostic, ...]]:
    bases = merge_bases(repository, start, tip)
    if not bases:
        said = f"{tip[:12]} and `{name}` have no common ancestor: compared with `{name}` itself"
        return (start,), (_note("histories-unrelated", said),)
    if len(bases) > 1:
        said = f"{tip[:12]} and `{name}` have {len(bases)} merge bases: what differs from any of them is told"
        return bases, (_note("many-merge-bases", said),)
    return bases, ()


def _note(code: str, message: str) -> Diagnostic:
    return Diagnostic(code=code, message=message, severity=Severity.WARNING)


def _listed(bases: tuple[str, ...], name: str) -> str:
    return " and ".join(each[:12] for each in bases) + f" (where it left `{name}`)"


def _default_branch(tools: CodeTools, tree: str) -> tuple[str, str]:
    """The default branch's tip as fetched, or the clone's own branch where there is no remote, and its name."""
    repository = tools.repository
    branch = tools.gates(CommitTree(repository, tree)).default_branch
    remotes = repository.remotes()
    remote = "origin" if "origin" in remotes else remotes[0] if remotes else ""
    if branch and remote:
        tip = repository.remote_branch(remote, branch) or _fetched(repository, remote, branch)
        if tip:
            return tip, f"{remote}/{branch}"
    if branch and (own := repository.branches().get(branch)):
        return own, branch
    raise AskedWrongly.of(
        "no-base",
        f"there is no branch `{branch}` to compare with"
        if branch
        else "nothing says which branch is the default",
        hint="name both ends: `runner affected BASE..HEAD`; or write `default_branch:` into runner.yaml",
    )


def _fetched(repository: Repository, remote: str, branch: str) -> str:
    try:
        return repository.fetch_branch(remote, branch)
    except (AskedWrongly, NoAnswer):
        return ""


def _resolved(repository: Repository, word: str) -> str:
    """The commit that a word means; one that a shallow clone lacks is fetched where it is named whole."""
    try:
        return repository.resolve(word)
    except AskedWrongly:
        remotes = repository.remotes()
        remote, slash, branch = word.partition("/")
        if slash and remote in remotes and (tip := _fetched(repository, remote, branch)):
            return tip
        if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", word):
            for each in remotes:
                if fetched_commit(repository, each, word):
                    return word
        raise
