"""A tree that is read object by object says what the same tree says that is listed whole."""

from __future__ import annotations

import pytest

from runner.git.commit_tree import CommitTree
from runner.git.walked_tree import WalkedTree
from tests.git.clones import Remote, commit, git, write

PATHS = (
    ".",
    "a",
    "a/b",
    "a/b/c.tf",
    "a/b.tf",
    "a-b",
    "a-b/c.tf",
    "link",
    "link/c.tf",
    "run.sh",
    "nowhere",
    "a/b/c.tf/d",
)


@pytest.mark.parametrize("ahead", [False, True])
def test_both_ways_to_read_a_tree_say_the_same(remote: Remote, ahead: bool) -> None:
    repository = remote.clone("one")
    root = repository.root
    write(root, {"a/b/c.tf": "1", "a/b.tf": "2", "a-b/c.tf": "1", "run.sh": "#!/bin/sh\n", "ä/ö.tf": "3"})
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("a/b")
    head = commit(root, "all kinds")
    module = f"160000,{head},a/module"
    git(root, "update-index", "--add", "--cacheinfo", module)
    tree_id = git(root, "write-tree").strip()
    listed, walked = CommitTree(repository, tree_id), WalkedTree(repository, tree_id)
    if ahead:
        walked.look_at([".", "a/b", "nowhere/at/all", "run.sh"])
    for path in (*PATHS, "ä", "ä/ö.tf", "a/module"):
        assert walked.node(path) == listed.node(path), path
        assert walked.children(path) == listed.children(path), path
        assert list(walked.walk(path)) == list(listed.walk(path)), path
    assert walked.read_many([*PATHS, "ä/ö.tf"]) == listed.read_many([*PATHS, "ä/ö.tf"])
    assert walked.read("link") == b"a/b"
    for path in ("a", "nowhere", "a/module"):
        with pytest.raises(KeyError):
            walked.read(path)
