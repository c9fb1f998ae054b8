"""Which pull requests the head of a merge queue is made of, as Git and the forge tell it.

GitHub puts a branch of its own at each of them, which nobody else may push. What is claimed of one falsely opens
nothing: its approvals count for the digests that they were given for, and for no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from runner.errors import AskedWrongly
from runner.forge import Forge
from runner.git.ranges import fetched_commit
from runner.model.person import NO_ONE
from runner.model.pull_request import PullRequest, PullState
from runner.operations.bench import Bench
from runner.operations.heard_facts import UNASKED, heads
from runner.operations.standpoint import Standpoint

MOST_QUEUED = 100
"""Pull requests of one head that are looked at; what is over it was approved by none (law 14)."""

_QUEUES = "refs/heads/gh-readonly-queue/"
_NUMBER = re.compile(r"pr-([1-9][0-9]{0,9})-[0-9a-f]+")


def queue_head(commit: str, into: str) -> PullRequest:
    """The head of a queue as something to plan: a pull request of nobody."""
    return PullRequest(
        number=0,
        title="",
        author=NO_ONE,
        into=into,
        head="",
        head_commit=commit,
        state=PullState.OPEN,
        fork=False,
    )


def queued_pulls(
    bench: Bench, stand: Standpoint, forge: Forge, head: PullRequest, number: int
) -> tuple[PullRequest, ...]:
    """Those that the forge confirms. `number`: the one that the event names, 0 for none. NoAnswer; Denied."""
    found = dict.fromkeys([*([number] if number else []), *_numbers(bench, stand, head)])
    pulls = (_confirmed(forge, each) for each in list(found)[:MOST_QUEUED])
    return tuple(each for each in pulls if each is not None and each.into == head.into)


def strange(bench: Bench, stand: Standpoint, forge: Forge, head: PullRequest, number: int) -> bool:
    """Whether code of somebody who may not push here is in it, or nobody can tell (law 5): only who may puts a head on
    a branch of this repository. A job that plans may not ask the forge for anybody's rights."""
    try:
        pulls = queued_pulls(bench, stand, forge, head, number)
    except UNASKED:
        return True
    ours = set(heads(bench, stand).values())
    return not pulls or any(each.fork or each.head_commit not in ours for each in pulls)


def _numbers(bench: Bench, stand: Standpoint, head: PullRequest) -> Iterator[int]:
    repository = bench.tools.repository
    tip = repository.fetch_branch(stand.remote, head.into)
    if not repository.objects.has((head.head_commit,)):
        fetched_commit(repository, stand.remote, head.head_commit)
    words = (
        "rev-list",
        "--first-parent",
        f"--max-count={MOST_QUEUED * 10}",
        head.head_commit,
        f"^{tip}",
        "--",
    )
    steps = set(repository.command.output(*words).decode().split())
    place = f"{_QUEUES}{head.into}/"
    there = repository.refs_there(stand.remote, (f"{place}*",), anew=True)
    for ref, commit in sorted(there.items()):
        named = _NUMBER.fullmatch(ref.removeprefix(place))
        if named and ref.startswith(place) and commit in steps:
            yield int(named[1])


def _confirmed(forge: Forge, number: int) -> PullRequest | None:
    try:
        pull = forge.pull_request(number)
    except AskedWrongly:
        return None
    return pull if pull.state is PullState.OPEN else None
