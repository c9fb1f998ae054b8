"""What came to a branch since its targets were applied: the steps that touch each, and the pull requests they are of.

A step is a commit of the branch's first-parent history. Which pull request it came from the forge is asked, and
believed only where branch, state and merge commit agree: a commit names what it likes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from msgspec import Struct, field

from runner.errors import AskedWrongly
from runner.forge import Forge
from runner.git.ranges import first_parent
from runner.git.repository import Repository
from runner.model.names import TargetName
from runner.model.pull_request import MergeKind, PullRequest, PullState
from runner.operations.bench import Bench
from runner.operations.comparing import Comparing
from runner.operations.survey import Survey, gates_of

MOST_STEPS = 500
"""Steps that are looked at one by one; what is older counts as one with the oldest of them (law 14)."""
_FORWARD = 50
_ONE_STEP = frozenset({MergeKind.MERGE, MergeKind.SQUASH})


class Came(Struct, frozen=True, kw_only=True):
    """A pull request, and the steps by which it touches a target, oldest first. `onto`: the branch's commit right
    before its own."""

    pull: PullRequest
    steps: tuple[str, ...]
    onto: str


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
    bench: Bench, whole: Survey, branch: Branch, targets: Iterable[TargetName]
) -> dict[TargetName, Arrived]:
    """How each of `targets`, all of one environment, came to be behind the branch's tip. NoAnswer of the forge."""
    comparing = Comparing(bench, whole.gates, partial(gates_of, whole))
    return {
        name: arrived_since(branch, comparing, name, _since(bench.tools.repository, whole, name, branch.tip))
        for name in targets
    }


def arrived_since(branch: Branch, comparing: Comparing, name: TargetName, since: str) -> Arrived:
    """How what touches a target came to the branch after `since` (empty: from its beginning)."""
    repository = comparing.repository
    chain = first_parents(repository, since, branch.tip)
    touching = [at for at, commit in enumerate(chain) if comparing.touched(commit, name)]
    if not touching:
        return Arrived()
    units = _Units(chain, branch)
    found = {at: units.pull(at) for at in touching}
    pulls = {pull.number: pull for at in reversed(touching) if (pull := found[at])}
    own = {number: [at for at in touching if (of := found[at]) and of.number == number] for number in pulls}
    return Arrived(
        pulls=tuple(
            Came(
                pull=pull,
                steps=tuple(chain[at] for at in own[number]),
                onto=units.before(own[number][0], repository),
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
