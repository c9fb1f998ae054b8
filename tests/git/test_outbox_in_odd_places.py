"""The outbox where a remote hangs or moved back, where there is none, and where refs are branches, signed, shallow."""

import os
import subprocess
from pathlib import Path

import pytest

from runner.git import Conflict, Edit, Pushed, Unsent
from runner.git.command import Starter, started
from runner.git.layer import layered
from runner.git.outbox import LocalOutbox, RemoteOutbox
from runner.git.place import RefNaming
from runner.git.refs import LocalRefs, RemoteRefs
from runner.git.repository import Repository
from runner.kit.tree import blob_id
from tests.git.clones import Remote, commit, git, hook

LIVE, LOCKS, STATE = "refs/runner/live/prod", "refs/runner/locks/prod", "refs/runner/state/prod"
NAMING = RefNaming()


def outbox_of(repository: Repository, patience: float = 120.0) -> RemoteOutbox:
    return RemoteOutbox(repository, "origin", NAMING, patience=patience)


def test_a_remote_that_hangs_is_unsent_after_the_timeout(remote: Remote) -> None:
    hook(remote.path, "pre-receive", "exec sleep 600")
    repository = remote.clone("one", network_timeout=1.0)
    outbox = outbox_of(repository)
    answer = outbox.submit([Edit(ref=LIVE, changes={"x": b"1"}, chained=True)], keep=True).wait(30)
    outbox.close()
    assert isinstance(answer, Unsent)
    assert answer.kept


def test_a_chain_that_moved_back_is_unsent_and_names_the_ref(remote: Remote) -> None:
    repository = remote.clone("one")
    outbox = outbox_of(repository)
    for number in range(3):
        outbox.submit([Edit(ref=LIVE, changes={"x": b"%d" % number}, chained=True)]).wait(30)
    git(remote.path, "update-ref", LIVE, f"{LIVE}~1")
    answer = outbox.submit([Edit(ref=LIVE, changes={"x": b"9"}, chained=True)]).wait(30)
    outbox.close()
    assert isinstance(answer, Unsent)
    assert answer.moved_back == LIVE
    assert git(remote.path, "show", f"{LIVE}:x") == "1"


def test_forty_submissions_in_flight_take_few_pushes(remote: Remote, tmp_path: Path) -> None:
    hook(remote.path, "pre-receive", f"echo push >> {tmp_path}/pushes; sleep 0.4")
    outbox = outbox_of(remote.clone("one"))
    tickets = [
        outbox.submit(
            [Edit(ref=LIVE, changes={f"{n}": b"x"}, chained=True), Edit(ref=LOCKS, changes={f"{n}": b"x"})]
        )
        for n in range(40)
    ]
    assert all(isinstance(ticket.wait(60), Pushed) for ticket in tickets)
    outbox.close()
    assert len((tmp_path / "pushes").read_text().split()) <= 4


def test_branches_can_hold_what_hidden_refs_hold(remote: Remote) -> None:
    naming = RefNaming(branches=True)
    repository = remote.clone("one")
    outbox = RemoteOutbox(repository, "origin", naming)
    answer = outbox.submit([Edit(ref=LIVE, changes={"x": b"1"}, chained=True)]).wait(30)
    outbox.close()
    assert isinstance(answer, Pushed)
    assert git(remote.path, "rev-parse", "refs/heads/runner/live/prod") == answer.heads[LIVE]
    refs = RemoteRefs(remote.clone("two"), "origin", naming)
    refs.refresh(["refs/runner/live/*"])
    assert refs.names("refs/runner/") == (LIVE,)
    assert refs.blob(LIVE, "x") == (blob_id(b"1"), b"1")


def test_with_no_remote_the_clone_itself_holds_the_refs(remote: Remote) -> None:
    repository = remote.clone("one")
    outboxes = [LocalOutbox(repository, NAMING) for _ in range(2)]
    tickets = [
        outboxes[n % 2].submit([Edit(ref=LIVE, changes={f"d/{n}": b"x"}, chained=True, message=str(n))])
        for n in range(60)
    ]
    assert all(isinstance(ticket.wait(60), Pushed) for ticket in tickets)
    denied = outboxes[0].submit([Edit(ref=LIVE, changes={}, expects={"d/1": None}, chained=True)]).wait(30)
    assert isinstance(denied, Conflict)
    for outbox in outboxes:
        outbox.close()
    assert git(repository.root, "rev-list", "--first-parent", "--count", LIVE) == "61"
    refs = LocalRefs(repository, NAMING)
    assert len(refs.blobs(LIVE, "d")) == 60
    refs.refresh(["refs/runner/*"])
    assert refs.head(LIVE) == git(repository.root, "rev-parse", LIVE)


def test_an_edit_without_changes_is_a_fence_that_moves_the_ref(remote: Remote) -> None:
    outbox = outbox_of(remote.clone("one"))
    first = outbox.submit([Edit(ref=LOCKS, changes={"t": b"mine"})]).wait(30)
    fence = outbox.submit([Edit(ref=LOCKS, changes={}, expects={"t": blob_id(b"mine")})]).wait(30)
    outbox.close()
    assert isinstance(first, Pushed)
    assert isinstance(fence, Pushed)
    assert first.heads[LOCKS] != fence.heads[LOCKS]
    assert git(remote.path, "show", f"{LOCKS}:t") == "mine"


def test_a_signed_edit_is_a_signed_commit(remote: Remote, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    repository = remote.clone("one")
    git(repository.root, "config", "gpg.format", "ssh")
    git(repository.root, "config", "user.signingkey", str(tmp_path / "key.pub"))
    outbox = outbox_of(repository)
    answer = outbox.submit([Edit(ref=LIVE, changes={"x": b"1"}, chained=True, sign=True)]).wait(30)
    git(repository.root, "config", "user.signingkey", str(tmp_path / "missing"))
    unsigned = outbox.submit([Edit(ref=LIVE, changes={"x": b"2"}, chained=True, sign=True)]).wait(30)
    outbox.close()
    assert isinstance(answer, Pushed)
    assert "-----BEGIN SSH SIGNATURE-----" in git(remote.path, "cat-file", "commit", LIVE)
    assert isinstance(unsigned, Unsent)


@pytest.mark.parametrize("path", ["../x", "a//b", ".git/config", "a/./b", ""])
def test_a_path_that_git_cannot_hold_is_refused_when_it_is_handed_in(remote: Remote, path: str) -> None:
    outbox = outbox_of(remote.clone("one"))
    with pytest.raises(Exception, match="Git cannot hold"):
        outbox.submit([Edit(ref=LIVE, changes={path: b"x"})])
    outbox.close()


def test_environment_variables_that_move_a_repository_are_not_believed(remote: Remote) -> None:
    repository = remote.clone("one")
    head = repository.head()
    os.environ["GIT_DIR"] = "/nowhere"
    try:
        assert repository.head() == head
    finally:
        del os.environ["GIT_DIR"]


def test_a_shallow_checkout_of_ci_reads_and_writes_the_record(remote: Remote, tmp_path: Path) -> None:
    writer = remote.clone("one")
    outbox = outbox_of(writer)
    for number in range(3):
        source = commit(writer.root, f"source {number}")
        git(writer.root, "push", "-q", "origin", "main")
        edit = Edit(ref=LIVE, changes={f"{number}": b"1"}, chained=True, parents=(source,))
        assert isinstance(outbox.submit([edit]).wait(30), Pushed)
    outbox.close()
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{remote.path}", "ci")
    checkout = Repository.open(tmp_path / "ci")
    refs = RemoteRefs(checkout, "origin", NAMING)
    refs.refresh(["refs/runner/*"])
    assert sorted(refs.blobs(LIVE)) == ["0", "1", "2"]
    outbox = outbox_of(checkout)
    edit = Edit(ref=LIVE, changes={"ci": b"1"}, chained=True, parents=(checkout.head(),))
    assert isinstance(outbox.submit([edit]).wait(30), Pushed)
    outbox.close()
    checkout.close()
    assert git(remote.path, "rev-list", "--first-parent", "--count", LIVE) == "5"
    git(remote.path, "fsck", "--strict", "--connectivity-only")


@pytest.mark.parametrize("starter", [started, layered])
def test_the_environment_of_git_holds_no_key_of_ours(
    remote: Remote, tmp_path: Path, starter: Starter
) -> None:
    clone = remote.clone("one")
    repository = Repository.open(clone.root, starter=starter)
    shown = tmp_path / "shown"
    program = tmp_path / "upload-pack"
    program.write_text(f'#!/bin/sh\nenv > {shown}\nexec git-upload-pack "$@"\n')
    program.chmod(0o755)
    git(repository.root, "config", "remote.origin.uploadpack", str(program))
    os.environ |= {"GITOPS_RUNNER_KEY": "canary-key", "TF_VAR_PASSWORD": "canary-password"}
    try:
        repository.fetch_branch("origin", "main")
    finally:
        del os.environ["GITOPS_RUNNER_KEY"], os.environ["TF_VAR_PASSWORD"]
        repository.close()
    assert "HOME=" in shown.read_text()
    assert "canary" not in shown.read_text()
