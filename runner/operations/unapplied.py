"""What came to a branch since its targets were applied: the steps that touch each, and the pull requests they are of.

A step is a commit of the branch's first-parent history. Which pull request it came from the forge is asked, and
believed only where branch, state and merge commit agree: a commit names what it likes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from runner.config.configuration import GatesConfiguration
from runner.decisions.closure import Closure
from runner.decisions.reverse_search import is_configuration
from runner.decisions.terraform_closure import closure_of
from runner.errors import AskedWrongly
from runner.forge import Forge
from runner.git.commit_tree import CommitTree
from runner.git.ranges import changed_paths, first_parent
from runner.git.repository import Repository
from runner.model.names import TargetName
from runner.model.pull_request import MergeKind, PullRequest, PullState
from runner.model.target import Target
from runner.operations.bench import Bench
from runner.operations.survey import Survey, gates_of

MOST_STEPS = 500
"""Steps that are looked at one by one; what is older counts as one with the oldest of them (law 14)."""
_FORWARD = 50
_ONE_STEP = frozenset({MergeKind.MERGE, MergeKind.SQUASH})


class Came(Struct, frozen=True, kw_only=True):
    """A pull request, and the steps by which it touches a target, oldest first."""

    pull: PullRequest
    steps: tuple[str, ...]


class Arrived(Struct, frozen=True, kw_only=True):
    """How a target came to be behind: the pull requests that touch it, newest first, and the steps that do and of which
    the forge confirms none. `before` is the commit right before the oldest of them, with all that came together with
    it; empty where only gates have changed since."""

    pulls: tuple[Came, ...] = ()
    direct: tuple[str, ...] = ()
    before: str = ""


class Branch(Struct, frozen=True, kw_only=True):
    """A branch as fetched, and the forge that tells of its commits; what was asked of it is kept."""

    name: str
    tip: str
    forge: Forge
    asked: dict[str, tuple[PullRequest, ...]] = field(default_factory=dict)

    def pulls(self, commit: str) -> tuple[PullRequest, ...]:
        """The merged pull requests into the branch that a commit may have come from."""
        if commit not in self.asked:
            found = self.forge.pull_requests_of(commit)
            self.asked[commit] = tuple(
                each for each in found if each.state is PullState.MERGED and each.into == self.name
            )
        return self.asked[commit]


def arrived(
    bench: Bench, whole: Survey, branch: Branch, targets: Mapping[TargetName, Target]
) -> dict[TargetName, Arrived]:
    """How each of `targets`, all of one environment, came to be behind the branch's tip. NoAnswer of the forge."""
    comparing = Comparing(bench, whole)
    return {
        name: arrived_since(
            branch, comparing, target, _since(bench.tools.repository, whole, name, branch.tip)
        )
        for name, target in targets.items()
    }


def arrived_since(branch: Branch, comparing: Comparing, target: Target, since: str) -> Arrived:
    """How what touches a target came to the branch after `since` (empty: from its beginning)."""
    repository = comparing.repository
    chain = first_parents(repository, since, branch.tip)
    touching = [at for at, commit in enumerate(chain) if comparing.touched(commit, target)]
    if not touching:
        return Arrived()
    units = _Units(chain, branch)
    found = {at: units.pull(at) for at in touching}
    pulls = {pull.number: pull for at in reversed(touching) if (pull := found[at])}
    return Arrived(
        pulls=tuple(
            Came(
                pull=pull,
                steps=tuple(chain[at] for at in touching if (own := found[at]) and own.number == number),
            )
            for number, pull in pulls.items()
        ),
        direct=tuple(chain[at] for at in touching if found[at] is None),
        before=units.before(touching[0], repository),
    )


def _since(repository: Repository, whole: Survey, name: TargetName, tip: str) -> str:
    """The newest commit that both the branch and what is live contain; empty where nothing was ever applied."""
    live = whole.record.ledger.live(name.environment).get(name.stack)
    if live is None or live.good is None:
        return ""
    try:
        return repository.merge_base(live.good.commit, tip)
    except AskedWrongly:
        return ""


def first_parents(repository: Repository, since: str, tip: str) -> tuple[str, ...]:
    """The branch's own steps that `since` (empty: nothing) does not contain, oldest first; the newest MOST_STEPS."""
    excluded = [f"^{since}"] if since else []
    words = ("rev-list", "--first-parent", f"--max-count={MOST_STEPS}", tip, *excluded, "--")
    return tuple(reversed(repository.command.output(*words).decode().split()))


def step_paths(repository: Repository, commit: str) -> tuple[str, ...]:
    """The paths that differ between a commit and its first parent."""
    parent = first_parent(repository, commit)
    tree = repository.tree_of(parent) if parent else repository.objects.empty_tree
    return tuple(each.path for each in changed_paths(repository, tree, repository.tree_of(commit)))


class _Units:
    """A chain of steps, and which of them came together: those of one pull request, and pushes that follow one
    another without any."""

    def __init__(self, chain: Sequence[str], branch: Branch) -> None:
        self._chain = chain
        self._branch = branch
        self._at = {commit: at for at, commit in enumerate(chain)}

    def pull(self, at: int) -> PullRequest | None:
        """The pull request that a step is of, as far as the forge confirms; None for a push without one."""
        for each in self._branch.pulls(self._chain[at]):
            end = self._at.get(each.merge_commit, -1)
            if end == at or (at < end < at + max(each.commit_count, 1)):
                return each
        # Of a rebase some forges know only the last commit.
        for end in range(at + 1, min(at + _FORWARD, len(self._chain))):
            for each in self._branch.pulls(self._chain[end]):
                if each.merge_commit == self._chain[end]:
                    rebased = each.merge_kind not in _ONE_STEP and end - at < each.commit_count
                    return each if rebased else None
        return None

    def before(self, at: int, repository: Repository) -> str:
        """The commit right before all that came together with a step. What was pushed before the first pull request
        of a repository is its beginning, and is judged by itself as it was at the end."""
        own = self.pull(at)
        start = at
        while start and _same(self.pull(start - 1), own):
            start -= 1
        if parent := first_parent(repository, self._chain[start]):
            return parent
        if own is not None:
            return self._chain[start]
        end = at
        while end + 1 < len(self._chain) and self.pull(end + 1) is None:
            end += 1
        return self._chain[end]


def _same(one: PullRequest | None, other: PullRequest | None) -> bool:
    return (one.number if one else 0) == (other.number if other else 0)


class Comparing:
    """Whether a step touches a target, all else being equal: both sides are read under the gates of the survey, so that
    a change of gates alone is none of these."""

    def __init__(self, bench: Bench, whole: Survey) -> None:
        self._bench = bench
        self._whole = whole
        self.repository: Repository = bench.tools.repository
        self._sides: dict[str, Mapping[TargetName, Target] | None] = {}
        self._closures: dict[tuple[str, TargetName], Closure | None] = {}
        self._steps: dict[str, tuple[str, tuple[str, ...]]] = {}

    def touched(self, commit: str, target: Target) -> bool:
        """Whether the target's closure differs between a commit and its first parent."""
        parent, paths = self._step(commit)
        before, after = self._closure(parent, target.name), self._closure(commit, target.name)
        if before is None or after is None:
            return before is not after
        if not any(is_configuration(path) or before.concerns(path) or after.concerns(path) for path in paths):
            return False
        return (before.code, before.settings) != (after.code, after.settings)

    def _step(self, commit: str) -> tuple[str, tuple[str, ...]]:
        if commit not in self._steps:
            self._steps[commit] = first_parent(self.repository, commit), step_paths(self.repository, commit)
        return self._steps[commit]

    def _closure(self, commit: str, name: TargetName) -> Closure | None:
        """None where there was no such target, or its configuration could not be believed."""
        if not commit:
            return None
        key = (commit, name)
        if key not in self._closures:
            gates = self._whole.gates
            target = (self._targets(commit, gates) or {}).get(name)
            self._closures[key] = (
                closure_of(
                    target,
                    gates_of(self._whole, name.environment),
                    self._bench.tools.code(CommitTree(self.repository, commit)),
                    most_items=gates.limits.tree_files,
                )
                if target
                else None
            )
        return self._closures[key]

    def _targets(self, commit: str, gates: GatesConfiguration) -> Mapping[TargetName, Target] | None:
        if commit not in self._sides:
            try:
                tree = CommitTree(self.repository, commit)
                self._sides[commit] = self._bench.tools.wishes(tree, gates).targets
            except AskedWrongly:
                self._sides[commit] = None
        return self._sides[commit]
