"""Who only looks asks a remote once, and is not told that history went back because somebody was faster."""

from pathlib import Path

import pytest

from runner.errors import AskedWrongly, HistoryMoved
from runner.git.place import RefNaming
from runner.git.refs import RemoteRefs
from tests.git.clones import Remote, commit, git

LIVE, LOCKS = "refs/runner/live/prod", "refs/runner/locks/prod"


def unreachable(remote: Remote) -> Path:
    """Takes the remote away, and says where it lies now."""
    return remote.path.rename(remote.path.with_name("moved.git"))


def test_one_listing_answers_for_a_branch_and_for_every_ref(remote: Remote) -> None:
    repository = remote.clone("one")
    for ref in (LIVE, LOCKS):
        git(repository.root, "push", "-q", "origin", f"HEAD:{ref}")
    refs = RemoteRefs(repository, "origin", RefNaming())
    refs.refresh(["refs/runner/*"])
    with repository.one_look():
        tip = repository.fetch_branch("origin", "main")
        moved = unreachable(remote)
        assert repository.fetch_branch("origin", "main") == tip == repository.head()
        for ref in (LIVE, LOCKS):
            refs.refresh([ref])
            assert refs.head(ref) == tip
        moved.rename(remote.path)


def test_what_is_new_is_fetched_within_a_look_too(remote: Remote) -> None:
    reader, writer = remote.clone("one"), remote.clone("two")
    new = commit(writer.root, "more")
    git(writer.root, "push", "-q", "origin", "main", f"main:{LIVE}")
    refs = RemoteRefs(reader, "origin", RefNaming())
    with reader.one_look():
        assert reader.fetch_branch("origin", "main") == new
        refs.refresh([LIVE])
    assert refs.head(LIVE) == new
    assert reader.tree_of(new)
    with reader.one_look(), pytest.raises(AskedWrongly):
        reader.fetch_branch("origin", "nowhere")


def test_after_a_look_the_remote_is_asked_again(remote: Remote) -> None:
    reader, writer = remote.clone("one"), remote.clone("two")
    with reader.one_look():
        before = reader.fetch_branch("origin", "main")
    new = commit(writer.root, "more")
    git(writer.root, "push", "-q", "origin", "main")
    assert (reader.fetch_branch("origin", "main"), before != new) == (new, True)


def test_a_listing_older_than_what_another_process_saw_is_no_history_that_moved_back(remote: Remote) -> None:
    reader, writer = remote.clone("one"), remote.clone("two")
    git(writer.root, "push", "-q", "origin", f"HEAD:{LIVE}")
    refs = RemoteRefs(reader, "origin", RefNaming())
    with reader.one_look():
        reader.fetch_branch("origin", "main")
        new = commit(writer.root, "more")
        git(writer.root, "push", "-q", "origin", f"HEAD:{LIVE}")
        git(
            reader.root,
            "fetch",
            "-q",
            "origin",
            f"{LIVE}:refs/gitops-runner/seen/remote/origin/runner/live/prod",
        )
        refs.refresh([LIVE])
        assert refs.head(LIVE) == new


def test_a_chain_that_did_move_back_is_told_within_a_look_too(remote: Remote) -> None:
    reader = remote.clone("one")
    first, later = reader.head(), commit(reader.root, "more")
    git(reader.root, "push", "-q", "origin", f"{later}:{LIVE}")
    refs = RemoteRefs(reader, "origin", RefNaming())
    refs.refresh([LIVE])
    git(reader.root, "push", "-q", "--force", "origin", f"{first}:{LIVE}")
    with reader.one_look(), pytest.raises(HistoryMoved):
        refs.refresh([LIVE])
