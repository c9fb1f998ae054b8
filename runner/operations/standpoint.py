"""Where CI stands: the remote, the default branch's tip whose gates hold (law 2), and the record, all as they are now.

Nothing of it comes from what is checked out: in a job that is often what a pull request wants to become.
"""

from __future__ import annotations

from msgspec import Struct

from runner.config.configuration import GatesConfiguration
from runner.errors import AskedWrongly
from runner.git.commit_tree import CommitTree
from runner.kit.tree import Tree
from runner.operations.bench import Bench
from runner.operations.tools import Record


class Standpoint(Struct, frozen=True, kw_only=True):
    """`branch` is the default branch, `law` its tip as fetched, `tree` what is in it. `record` is at `remote`."""

    remote: str
    branch: str
    law: str
    gates: GatesConfiguration
    tree: Tree
    record: Record


def standpoint(bench: Bench) -> Standpoint:
    """Asks the remote. AskedWrongly `ci-without-remote`, `no-such-branch`, or all mistakes in the gates; NoAnswer."""
    repository = bench.tools.repository
    remotes = repository.remotes()
    if not remotes:
        raise _alone("this repository has no remote")
    remote = "origin" if "origin" in remotes else remotes[0]
    branch = repository.default_branch(remote)
    law, gates = _gates_at(bench, remote, branch)
    wanted = gates.ledger.remote or remote
    if wanted == "none":
        raise _alone("`ledger: {remote: none}` keeps the record in one clone")
    if (wanted, gates.default_branch) != (remote, branch):
        remote, branch = wanted, gates.default_branch
        law, gates = _gates_at(bench, remote, branch)
    tree = CommitTree(repository, law)
    record = bench.tools.record(remote, gates, tree)
    record.ledger.refresh([])
    return Standpoint(remote=remote, branch=branch, law=law, gates=gates, tree=tree, record=record)


def _gates_at(bench: Bench, remote: str, branch: str) -> tuple[str, GatesConfiguration]:
    repository = bench.tools.repository
    law = repository.fetch_branch(remote, branch)
    return law, bench.tools.gates(CommitTree(repository, law))


def _alone(why: str) -> AskedWrongly:
    return AskedWrongly.of(
        "ci-without-remote",
        f"{why}, and what CI does must be seen by everybody",
        hint="set `ledger: {remote: origin}` in runner.yaml on the default branch",
    )
