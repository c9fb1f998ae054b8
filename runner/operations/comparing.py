"""Whether a commit touches a target: its closure read on both sides of the commit."""

from __future__ import annotations

from collections.abc import Callable

from runner.config.configuration import GatesConfiguration, WishesConfiguration
from runner.decisions.closure import Closure
from runner.decisions.reverse_search import is_configuration
from runner.decisions.terraform_closure import closure_of
from runner.errors import AskedWrongly
from runner.git.commit_tree import CommitTree
from runner.git.ranges import changed_paths, first_parent
from runner.git.repository import Repository
from runner.model.environment import Gates
from runner.model.names import TargetName
from runner.operations.bench import Bench


def step_paths(repository: Repository, commit: str) -> tuple[str, ...]:
    """The paths that differ between a commit and its first parent."""
    return _paths_between(repository, first_parent(repository, commit), commit)


def _paths_between(repository: Repository, parent: str, commit: str) -> tuple[str, ...]:
    tree = repository.tree_of(parent) if parent else repository.objects.empty_tree
    return tuple(each.path for each in changed_paths(repository, tree, repository.tree_of(commit)))


class Comparing:
    """Whether a step touches a target, all else being equal: both sides are read under the same gates, so that a change
    of gates alone is none of these. `own`: the gates of an environment among them."""

    def __init__(self, bench: Bench, gates: GatesConfiguration, own: Callable[[str], Gates]) -> None:
        self._tools = bench.tools
        self._gates = gates
        self._own = own
        self.repository: Repository = bench.tools.repository
        self._sides: dict[str, WishesConfiguration | None] = {}
        self._closures: dict[tuple[str, TargetName], Closure | None] = {}
        self._paths: dict[tuple[str, str], tuple[str, ...]] = {}
        self._parents: dict[str, str] = {}

    def touched(self, commit: str, name: TargetName) -> bool:
        """Whether the target's closure differs between a commit and its first parent."""
        if commit not in self._parents:
            self._parents[commit] = first_parent(self.repository, commit)
        return self.differs(self._parents[commit], commit, name)

    def differs(self, parent: str, commit: str, name: TargetName) -> bool:
        """Whether the target's closure, or how it ends, differs between two commits; the first may be empty: there was
        nothing."""
        before, after = self._closure(parent, name), self._closure(commit, name)
        if before is None and after is None:
            return self._fate(parent, name) != self._fate(commit, name)
        if before is None or after is None:
            return True
        if (parent, commit) not in self._paths:
            self._paths[parent, commit] = _paths_between(self.repository, parent, commit)
        paths = self._paths[parent, commit]
        if not any(is_configuration(path) or before.concerns(path) or after.concerns(path) for path in paths):
            return False
        return (before.code, before.settings) != (after.code, after.settings)

    def _fate(self, commit: str, name: TargetName) -> str:
        """What `removed:` says there of a target that is not wished for."""
        side = self._side(commit) if commit else None
        own = side.wishes.get(name.environment) if side else None
        return own.removed.get(name.stack, "") if own else ""

    def _closure(self, commit: str, name: TargetName) -> Closure | None:
        """None where there was no such target, or its configuration could not be believed."""
        if not commit:
            return None
        key = (commit, name)
        if key not in self._closures:
            side = self._side(commit)
            target = side.targets.get(name) if side else None
            self._closures[key] = (
                closure_of(
                    target,
                    self._own(name.environment),
                    self._tools.code(CommitTree(self.repository, commit)),
                    most_items=self._gates.limits.tree_files,
                )
                if target
                else None
            )
        return self._closures[key]

    def _side(self, commit: str) -> WishesConfiguration | None:
        if commit not in self._sides:
            try:
                tree = CommitTree(self.repository, commit)
                self._sides[commit] = self._tools.wishes(tree, self._gates)
            except AskedWrongly:
                self._sides[commit] = None
        return self._sides[commit]
