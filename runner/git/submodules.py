"""Submodules: their own clones below the checkout, and the trees of the commits that the outer one records."""

from __future__ import annotations

from pathlib import Path

from runner.errors import AskedWrongly
from runner.git.commit_tree import CommitTree
from runner.git.export import export, stays_inside
from runner.git.repository import Repository
from runner.kit.tree import Kind


def export_submodule(repository: Repository, path: str, commit: str, destination: Path) -> None:
    """Writes what the submodule at `path` holds in `commit` under `destination`, as `export` does; links that leave it
    are left out, and so are submodules of its own that were never initialised. AskedWrongly `submodule-missing` where
    this clone does not have the commit."""
    place = repository.root / path
    if not (place / ".git").exists():
        raise _missing(path, commit)
    inner = Repository.open(place)
    try:
        try:
            tree = CommitTree(inner, inner.tree_of(commit))
        except AskedWrongly as problem:
            raise _missing(path, commit) from problem
        nodes = tuple(tree.walk())
        wanted = [node for node in nodes if node.kind is not Kind.LINK or stays_inside(tree, node.path)]
        export(tree, [node.path for node in wanted], destination)
        for node in nodes:
            if node.kind is Kind.MODULE and (place / node.path / ".git").exists():
                export_submodule(inner, node.path, node.id, destination / node.path)
    finally:
        inner.close()


def _missing(path: str, commit: str) -> AskedWrongly:
    return AskedWrongly.of(
        "submodule-missing",
        f"the code reaches into the submodule `{path}`, and this clone does not have its commit {commit[:12]}",
        hint=f"git submodule update --init {path}",
    )
