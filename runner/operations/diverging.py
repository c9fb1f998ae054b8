"""What a branch has become since a head left it, for the gate `requires.undiverged`: the commits that the head lacks,
and which targets each of them touches."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from runner.decisions.divergence import LackingCommit, undiverged
from runner.errors import AskedWrongly
from runner.git.ranges import merge_bases
from runner.git.repository import Repository
from runner.model.names import TargetName
from runner.model.verdict import Verdict
from runner.operations.comparing import Comparing

MOST_LACKING = 200
"""Commits that a head may lack and that are looked at one by one; a head that lacks more is behind (law 14)."""


def divergences(
    comparing: Comparing, head: str, tip: str | None, into: str, names: Collection[TargetName]
) -> Mapping[TargetName, Verdict]:
    """Whether `head` has every commit of `tip`, which `into` names, that touched each of `names`. What cannot be told
    closes: `tip` None, a head that nobody has, a history that this clone lacks."""
    lacking = _lacking(comparing, head, tip, names) if tip else None
    return {name: undiverged(name, lacking, into) for name in names}


def _lacking(
    comparing: Comparing, head: str, tip: str, names: Collection[TargetName]
) -> tuple[LackingCommit, ...] | None:
    """Oldest first; None where it cannot be told. A merge is only what it adds itself to what it merges: that the head
    has one of its sides already is no reason to lack it."""
    repository = comparing.repository
    if not repository.objects.has((head, tip)):
        return None
    try:
        merge_bases(repository, tip, head)  # completes a shallow clone
    except AskedWrongly:
        return None
    between = _between(repository, head, tip)
    if len(between) > MOST_LACKING:
        return None
    return tuple(
        LackingCommit(
            commit=commit,
            touched=frozenset(
                name
                for name in names
                if all(comparing.differs(parent, commit, name) for parent in parents or ("",))
            ),
        )
        for commit, parents in between.items()
    )


def _between(repository: Repository, head: str, tip: str) -> dict[str, tuple[str, ...]]:
    most = f"--max-count={MOST_LACKING + 1}"
    words = ("rev-list", "--reverse", "--topo-order", "--parents", most, tip, f"^{head}", "--")
    lines = repository.command.output(*words).decode().splitlines()
    return {commit: tuple(parents) for commit, *parents in (line.split() for line in lines)}
