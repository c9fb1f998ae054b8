"""The messages of a long history come piece by piece, and who stops asking leaves nothing running."""

import os
from pathlib import Path

import pytest

from runner.errors import ToolUnavailable
from runner.git.history import CloneHistory
from runner.git.repository import Repository
from tests.git.clones import Remote, git

COMMITS = 400
LONG = "é" * 400  # some of them are cut by the end of a piece


@pytest.fixture
def clone(remote: Remote) -> Repository:
    """A clone with many commits on a branch of their own, the oldest first."""
    repository = remote.clone("one")
    tree = git(repository.root, "rev-parse", "HEAD^{tree}").strip()
    orders = "".join(
        f"commit refs/heads/long\ncommitter a <a@b> {1_700_000_000 + number} +0000\n"
        f"data {len(message(number).encode())}\n{message(number)}\nM 040000 {tree} \n"
        for number in range(COMMITS)
    )
    git(repository.root, "fast-import", "--quiet", stdin=orders)
    return repository


def message(number: int) -> str:
    return f"commit {number}\n\nTarget: prod/s{number % 7}\nBecause: {LONG}\n"


def test_every_message_is_told_once_the_newest_first(clone: Repository) -> None:
    told = list(CloneHistory(clone).messages("refs/heads/long"))
    assert [text for _, text in told] == [message(number) for number in reversed(range(COMMITS))]
    assert [commit for commit, _ in told] == git(clone.root, "rev-list", "long").split()


def test_who_stops_asking_leaves_no_git_behind(clone: Repository) -> None:
    others = children()
    told = CloneHistory(clone).messages("refs/heads/long")
    assert next(told)[1] == message(COMMITS - 1)
    assert children() - others, "it reads on while we look"
    del told
    assert children() <= others


def test_a_history_that_is_not_there_is_a_failure_and_no_empty_one(clone: Repository) -> None:
    with pytest.raises(ToolUnavailable) as error:
        list(CloneHistory(clone).messages("0" * 40))
    assert error.value.diagnostics[0].code == "git-failed"


def children() -> set[str]:
    """The processes that this one started and that are not gone."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
