"""What a pull request touches, as Git alone tells it: its files, and the targets that their closures lead to.

Only commits are read, as objects; nothing of the head runs. So this can be asked where a token is at hand.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from runner.config.branches import branches_of
from runner.decisions.affected import Affected, Reason
from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly
from runner.git.commit_tree import CommitTree
from runner.git.ranges import changed_paths, fetched_commit, merge_bases
from runner.model.environment import Gates
from runner.model.names import TargetName
from runner.model.pull_request import PullRequest
from runner.operations.affected import reached
from runner.operations.bench import Bench
from runner.operations.standpoint import Standpoint

_HEADS = {"gitlab": "refs/merge-requests/{}/head"}
_HEAD = "refs/pull/{}/head"


class RequestReach(Struct, frozen=True, kw_only=True):
    """`paths` differ from where it left its base; `targets` are those that it touches, of the environments that its
    merge applies to. `doubts`: why that cannot be told whole."""

    paths: tuple[str, ...] = ()
    targets: Mapping[TargetName, Affected]
    doubts: tuple[Diagnostic, ...] = ()


def request_reach(bench: Bench, stand: Standpoint, pull: PullRequest, brand: str) -> RequestReach:
    """Fetches both commits and compares them. AskedWrongly `head-not-fetched`; NoAnswer."""
    repository = bench.tools.repository
    paths = request_paths(bench, stand, pull, brand)
    tip = repository.remote_branch(stand.remote, pull.into)
    try:
        rows = reached(bench.tools, f"{tip}..{pull.head_commit}").rows
        wished = bench.tools.wishes(CommitTree(repository, pull.head_commit), stand.gates)
    except AskedWrongly as error:
        return RequestReach(paths=paths, targets={}, doubts=error.diagnostics)
    mine = {
        name: row
        for name, row in rows.items()
        if (name in wished.targets if row.reason is not Reason.ORPHAN else ends(stand, row))
        and applies_to(gates_for(stand, name.environment), pull.into, stand.branch)
    }
    return RequestReach(paths=paths, targets=mine)


def ends(stand: Standpoint, row: Affected) -> bool:
    """Whether a merge destroys or forgets what is no longer wished for: `removed:` says so, and it is live."""
    name = row.target
    live = stand.record.ledger.live(name.environment).get(name.stack)
    return row.reason is Reason.ORPHAN and not row.hint and live is not None and not live.ended


def request_paths(bench: Bench, stand: Standpoint, pull: PullRequest, brand: str) -> tuple[str, ...]:
    """The paths that differ from where it left its base, both fetched anew. Errors: as `request_reach`."""
    repository = bench.tools.repository
    tip = repository.fetch_branch(stand.remote, pull.into)
    bring_head(bench, stand.remote, pull, brand)
    bases = merge_bases(repository, tip, pull.head_commit) or (tip,)
    head = repository.tree_of(pull.head_commit)
    found = (changed_paths(repository, repository.tree_of(each), head) for each in bases)
    return tuple(sorted({each.path for differing in found for each in differing}))


def gates_for(stand: Standpoint, environment: str) -> Gates:
    """The gates of an environment; the defaults, on the branch that `branches:` gives it, for one that the default
    branch does not know."""
    found = stand.gates.environments.get(environment)
    if found is not None:
        return found
    branch = (branches_of(environment, stand.gates.branches) or (stand.gates.default_branch,))[0]
    return Gates(environment=environment, branch=branch, requires=stand.gates.defaults.requires)


def applies_to(gates: Gates, into: str, default_branch: str) -> bool:
    """Whether merges into `into` apply to the environment. `*` is for hands: in CI it means the default branch."""
    return gates.branch == into or (gates.branch == "*" and into == default_branch)


def bring_head(bench: Bench, remote: str, pull: PullRequest, brand: str) -> None:
    """The very commit that the forge names, however its branch moves meanwhile. AskedWrongly `head-not-fetched`."""
    repository = bench.tools.repository
    if repository.objects.has((pull.head_commit,)):
        return
    try:
        ref = _HEADS.get(brand, _HEAD).format(pull.number)
        if repository.fetch_ref(remote, ref) == pull.head_commit:
            return
    except AskedWrongly:
        pass
    if not fetched_commit(repository, remote, pull.head_commit):
        raise AskedWrongly.of(
            "head-not-fetched",
            f"`{remote}` does not give the head `{pull.head_commit[:12]}` of pull request {pull.number}",
            hint="it may have been pushed over since: what is there now has an event of its own",
        )
