"""A tree that is read object by object says what the same tree says that is listed whole."""

from __future__ import annotations

import pytest

from runner.errors import ToolUnavailable
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


def test_thousands_of_files_come_in_turn_while_others_are_read(remote: Remote) -> None:
    repository = remote.clone("one")
    write(repository.root, {f"a/{number}": f"{number}\n" * (number % 400) for number in range(1200)})
    tree = CommitTree(repository, commit(repository.root, "many"))
    paths = [f"a/{number}" for number in range(1200)]
    found = {}
    for path, content in tree.in_turn(["a", *paths, "nowhere"]):
        found[path] = content
        if path.endswith("0"):
            assert tree.read("a/7") == b"7\n" * 7
    assert list(found) == paths
    assert found == tree.read_many(paths)
    begun = tree.in_turn(paths)
    assert next(begun) == ("a/0", b"")
    begun.close()


def test_an_object_that_is_lacking_is_no_empty_answer(remote: Remote) -> None:
    objects = remote.clone("one").objects
    kept = objects.write("blob", b"1")
    assert dict(objects.in_turn([kept])) == {kept: b"1"}
    with pytest.raises(ToolUnavailable, match="lacks the object 1111"):
        dict(objects.in_turn([kept, "1" * 40]))
