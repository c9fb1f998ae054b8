"""Repository, CommitTree and work tree snapshots, on real clones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runner.errors import AskedWrongly, NoAnswer
from runner.git.commit_tree import CommitTree
from runner.git.repository import Repository, checked_branch
from runner.git.worktree import snapshot_worktree
from runner.kit.tree import Kind, Node, blob_id
from tests.git.clones import Remote, commit, git, write


def code_of(error: pytest.ExceptionInfo[AskedWrongly]) -> str:
    return error.value.diagnostics[0].code


def test_a_repository_opens_from_a_subdirectory_and_from_a_work_tree(remote: Remote, tmp_path: Path) -> None:
    repository = remote.clone("one")
    inside = Repository.open(repository.root / "stacks" / "network")
    git(repository.root, "worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))
    tree = Repository.open(tmp_path / "tree")
    assert inside.root == repository.root
    assert tree.root == (tmp_path / "tree").resolve()
    assert tree.git_directory == repository.git_directory == repository.root / ".git"
    assert tree.branch() == "other"


@pytest.mark.parametrize("place", ["nowhere", "."])
def test_what_is_no_repository_is_said_to_be_none(tmp_path: Path, place: str) -> None:
    with pytest.raises(AskedWrongly) as error:
        Repository.open(tmp_path / place)
    assert code_of(error) == "not-a-repository"


def test_a_repository_without_a_commit_has_a_branch_and_no_head(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "trunk")
    repository = Repository.open(tmp_path)
    assert (repository.head(), repository.branch(), repository.default_branch()) == ("", "trunk", "trunk")
    write(tmp_path, {"a": "1"})
    revision = snapshot_worktree(repository)
    assert revision.commit == ""
    assert revision.dirty_paths == ("a",)
    assert CommitTree(repository, revision.tree).read("a") == b"1"
    repository.close()


def test_the_default_branch_is_the_remotes_head_known_or_asked_else_the_only_one(remote: Remote) -> None:
    repository = remote.clone("one")
    git(repository.root, "branch", "feature")
    assert repository.default_branch("origin") == "main"
    git(repository.root, "remote", "set-head", "origin", "-d")
    assert repository.default_branch("origin") == "main"
    assert repository.default_branch() == ""
    git(repository.root, "branch", "-D", "feature")
    assert repository.default_branch() == "main"


def test_remotes_and_their_urls(remote: Remote) -> None:
    repository = remote.clone("one")
    assert repository.remotes() == ("origin",)
    assert repository.remote_url("origin") == str(remote.path)
    with pytest.raises(AskedWrongly) as error:
        repository.remote_url("--upload-pack=x")
    assert code_of(error) == "no-such-remote"


def test_words_that_begin_with_a_dash_are_revisions_that_do_not_exist(remote: Remote) -> None:
    repository = remote.clone("one")
    for word in ("-x", "--all", "nothing", "HEAD\n"):
        with pytest.raises(AskedWrongly) as error:
            repository.resolve(word)
        assert code_of(error) == "no-such-commit"


@pytest.mark.parametrize(
    "name", ["-x", "--upload-pack=touch", "a b", "a..b", "a:b", "*", "", "a\nb", "x.lock", "/a", "@{1}"]
)
def test_what_git_would_not_take_as_a_branch_is_refused(remote: Remote, name: str) -> None:
    with pytest.raises(AskedWrongly) as error:
        checked_branch(name)
    assert code_of(error) == "bad-branch-name"


def test_ancestors_bases_and_what_lies_between(remote: Remote) -> None:
    repository = remote.clone("one")
    root, first = repository.root, repository.head()
    write(root, {"a": "1"})
    second = commit(root, "a")
    write(root, {"b": "1"})
    third = commit(root, "b")
    git(root, "switch", "-q", "-c", "side", first)
    side = commit(root, "side")
    assert repository.is_ancestor(first, third)
    assert not repository.is_ancestor(third, first)
    assert repository.merge_base(third, side) == first
    assert repository.commits_between(first, third) == (third, second)
    assert repository.commits_between("", third, ["a"]) == (second,)
    assert repository.branches() == {"main": third, "side": side}


def test_a_shallow_clone_says_that_it_is_too_shallow(remote: Remote, tmp_path: Path) -> None:
    root = remote.clone("one").root
    git(root, "switch", "-q", "-c", "side")
    commit(root, "side")
    git(root, "push", "-q", "origin", "side")
    git(root, "switch", "-q", "main")
    commit(root, "more")
    git(root, "push", "-q", "origin", "main")
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", f"file://{remote.path}", "shallow")
    repository = Repository.open(tmp_path / "shallow")
    with pytest.raises(AskedWrongly) as error:
        repository.merge_base("origin/main", "origin/side")
    assert code_of(error) == "history-shallow"
    repository.close()


def test_a_branch_is_fetched_by_name_and_remembered(remote: Remote) -> None:
    repository, other = remote.clone("one"), remote.clone("two")
    new = commit(other.root, "new")
    git(other.root, "push", "-q", "origin", "main")
    assert repository.remote_branch("origin", "main") != new
    assert repository.fetch_branch("origin", "main") == new
    assert repository.remote_branch("origin", "main") == new
    assert repository.remote_branch("origin", "none") is None
    assert repository.fetch_ref("origin", "refs/heads/main") == new
    with pytest.raises(AskedWrongly) as error:
        repository.fetch_branch("origin", "none")
    assert code_of(error) == "no-such-branch"


def test_a_remote_that_is_away_does_not_answer_and_its_password_is_not_shown(remote: Remote) -> None:
    repository = remote.clone("one")
    git(repository.root, "remote", "set-url", "origin", "http://ada:hunter2@127.0.0.1:1/x.git")
    with pytest.raises(NoAnswer) as error:
        repository.fetch_branch("origin", "main")
    assert error.value.diagnostics[0].code == "remote-unreachable"
    assert "hunter2" not in str(error.value)


def test_a_remote_may_not_start_programs(remote: Remote, tmp_path: Path) -> None:
    repository = remote.clone("one")
    git(repository.root, "remote", "set-url", "origin", f"ext::touch {tmp_path}/marker")
    with pytest.raises(NoAnswer):
        repository.fetch_branch("origin", "main")
    assert not (tmp_path / "marker").exists()


def test_merging_two_commits_needs_no_work_tree(remote: Remote) -> None:
    repository = remote.clone("one")
    root, first = repository.root, repository.head()
    write(root, {"a": "1\n"})
    one = commit(root, "one")
    git(root, "switch", "-q", "-c", "side", first)
    write(root, {"b": "1\n"})
    side = commit(root, "side")
    write(root, {"a": "2\n"})
    clash = commit(root, "clash")
    clean = repository.merge_tree(one, side)
    assert clean.conflicts == ()
    assert [node.path for node in CommitTree(repository, clean.tree).walk()] == [
        "a",
        "b",
        "stacks/network/main.tf",
    ]
    assert repository.merge_tree(one, clash).conflicts == ("a",)


def test_commits_carry_the_users_identity_or_the_runners_own(remote: Remote) -> None:
    repository = remote.clone("one")
    made = repository.commit_tree(repository.tree_of("HEAD"), [repository.head()], "work\n\nLine: 2")
    assert git(repository.root, "show", "-s", "--format=%an <%ae>%n%B", made).startswith(
        "gitops-runner <gitops-runner@"
    )
    assert repository.user_email() == ""
    git(repository.root, "config", "user.name", "Grace")
    git(repository.root, "config", "user.email", "grace@example.org")
    assert repository.identity() == "Grace <grace@example.org>"
    assert Repository.open(repository.root).user_email() == "grace@example.org"


def test_how_commits_are_signed_is_read_from_git(remote: Remote) -> None:
    repository = remote.clone("one")
    assert repository.signing() is None
    git(repository.root, "config", "gpg.format", "ssh")
    git(repository.root, "config", "user.signingkey", "key::ssh-ed25519 AAAA")
    git(repository.root, "config", "commit.gpgsign", "yes")
    setup = Repository.open(repository.root).signing()
    assert setup is not None
    assert (setup.format, setup.key, setup.commits) == ("ssh", "key::ssh-ed25519 AAAA", True)


def test_a_clean_work_tree_is_its_commit(remote: Remote) -> None:
    repository = remote.clone("one")
    write(repository.root, {".gitignore": "*.log\n"})
    commit(repository.root, "ignore")
    write(repository.root, {"x.log": "noise"})
    revision = snapshot_worktree(repository)
    assert not revision.dirty
    assert (revision.commit, revision.tree) == (
        repository.head(),
        git(repository.root, "rev-parse", "HEAD^{tree}"),
    )
    assert revision.branch == "main"


def test_a_dirty_work_tree_is_a_tree_of_its_own_and_the_index_stays_as_it_was(remote: Remote) -> None:
    repository = remote.clone("one")
    root = repository.root
    write(root, {"kept": "1", "gone": "1", "staged": "1"})
    commit(root, "more")
    write(root, {"kept": "2", "new/ü b": "3", "staged": "2", "-rf": "4"})
    (root / "gone").unlink()
    git(root, "add", "staged")
    write(root, {"staged": "3"})
    before = (git(root, "status", "--porcelain"), (root / ".git" / "index").read_bytes())
    revision = snapshot_worktree(repository)
    assert revision.dirty
    assert revision.dirty_paths == ("-rf", "gone", "kept", "new/ü b", "staged")
    index = (root / ".git" / "index").read_bytes()
    assert (git(root, "status", "--porcelain"), index) == before
    tree = CommitTree(repository, revision.tree)
    assert tree.read_many(["kept", "new/ü b", "staged", "gone", "-rf"]) == {
        "kept": b"2",
        "new/ü b": b"3",
        "staged": b"3",
        "-rf": b"4",
    }


def test_a_snapshot_from_a_subdirectory_is_of_the_whole_tree(remote: Remote) -> None:
    root = remote.clone("one").root
    write(root, {"top": "1"})
    repository = Repository.open(root / "stacks")
    assert snapshot_worktree(repository).dirty_paths == ("top",)


def test_a_commit_is_a_tree(remote: Remote) -> None:
    repository = remote.clone("one")
    root = repository.root
    write(root, {"a/one": "1", "a-b": "2", "a/run.sh": "#!"})
    (root / "a" / "run.sh").chmod(0o755)
    (root / "link").symlink_to("a/one")
    head = commit(root, "tree")
    tree = CommitTree(repository, head)
    assert [node.path for node in tree.walk()] == [
        "a-b",
        "a/one",
        "a/run.sh",
        "link",
        "stacks/network/main.tf",
    ]
    assert [node.path for node in tree.walk("a")] == ["a/one", "a/run.sh"]
    assert [node.path for node in tree.children(".")] == ["a", "a-b", "link", "stacks"]
    assert [node.path for node in tree.children("stacks")] == ["stacks/network"]
    assert tree.children("nothing") == ()
    assert tree.node("a/one") == Node(path="a/one", kind=Kind.FILE, id=blob_id(b"1"))
    kinds = {path: node.kind for path in ("a", "a/run.sh", "link", ".") if (node := tree.node(path))}
    assert kinds == {"a": Kind.DIRECTORY, "a/run.sh": Kind.EXECUTABLE, "link": Kind.LINK, ".": Kind.DIRECTORY}
    assert tree.node("nothing") is None
    assert tree.read("link") == b"a/one"
    assert tree.read_many(["a/one", "a", "nothing"]) == {"a/one": b"1"}
    with pytest.raises(KeyError):
        tree.read("a")


def test_ten_thousand_blobs_come_in_one_round(remote: Remote) -> None:
    repository = remote.clone("one")
    stream = ["commit refs/heads/big", "committer A <a@b> 0 +0000", "data 1", "x"]
    for number in range(10_000):
        content = f"resource {number}\n" * 20
        stream += [f"M 100644 inline s/{number % 100}/{number}.tf", f"data {len(content)}", content]
    done = subprocess.run(
        ["git", "fast-import", "--quiet"],
        cwd=repository.root,
        input="\n".join(stream),
        text=True,
        check=False,
    )
    assert done.returncode == 0
    tree = CommitTree(repository, "big")
    found = tree.read_many(node.path for node in tree.walk())
    assert len(found) == 10_000
    assert found["s/7/107.tf"] == b"resource 107\n" * 20


def test_hooks_and_fsmonitor_of_a_clone_never_run(remote: Remote, tmp_path: Path) -> None:
    repository = remote.clone("one")
    marker = tmp_path / "marker"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {marker}\n")
    program.chmod(0o755)
    for name in (
        "post-index-change",
        "pre-push",
        "reference-transaction",
        "post-checkout",
        "pre-commit",
        "post-rewrite",
    ):
        os.symlink(program, repository.git_directory / "hooks" / name)
    git(repository.root, "config", "core.fsmonitor", str(program))
    marker.unlink(missing_ok=True)
    write(repository.root, {"new": "1", ".gitattributes": "* filter=evil diff=evil\n"})
    snapshot_worktree(repository)
    repository.fetch_branch("origin", "main")
    assert not marker.exists()
    git(repository.root, "update-ref", "refs/heads/x", "HEAD")
    assert marker.exists()  # the trap works


def test_a_machine_without_git_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("env", "sh"):
        found = shutil.which(name)
        assert found
        (tmp_path / "bin" / name).symlink_to(found)
    program = """
from pathlib import Path
from runner.errors import ToolUnavailable
from runner.git.repository import Repository
try:
    Repository.open(Path("."))
except ToolUnavailable as error:
    print(error.diagnostics[0].code)
"""
    for env in ({}, {"GITOPS_RUNNER_X": "1"}):
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[2],
            env={"PATH": str(tmp_path / "bin"), **env},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.strip() == "git-missing", done.stderr
