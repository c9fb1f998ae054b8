"""Files out of commits, and reading what a remote holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import AskedWrongly, HistoryMoved, NoAnswer
from runner.git import Edit, Pushed
from runner.git.commit_tree import CommitTree
from runner.git.export import export, stays_inside
from runner.git.outbox import RemoteOutbox
from runner.git.place import RefNaming
from runner.git.refs import RemoteRefs
from runner.git.repository import Repository
from runner.kit.tree import DictTree, blob_id
from tests.git.clones import Remote, commit, git, write

LIVE, LOCKS = "refs/runner/live/prod", "refs/runner/locks/prod"


def test_listed_files_are_exported_privately_and_nothing_else_is(remote: Remote, tmp_path: Path) -> None:
    repository = remote.clone("one")
    root = repository.root
    write(root, {"stack/main.tf": "1", "stack/run.sh": "2", "shared/x.json": "3", "other/y": "4"})
    (root / "stack" / "run.sh").chmod(0o755)
    (root / "stack" / "x.json").symlink_to("../shared/x.json")
    commit(root, "files")
    export(CommitTree(repository, "HEAD"), ["stack", "shared/x.json"], tmp_path / "out")
    out = tmp_path / "out"
    found = sorted(str(path.relative_to(out)) for path in out.rglob("*") if not path.is_dir())
    assert found == ["shared/x.json", "stack/main.tf", "stack/run.sh", "stack/x.json"]
    assert (out / "stack" / "x.json").read_text() == "3"
    modes = {
        name: (out / name).stat().st_mode & 0o777 for name in (".", "stack", "stack/main.tf", "stack/run.sh")
    }
    assert modes == {".": 0o700, "stack": 0o700, "stack/main.tf": 0o600, "stack/run.sh": 0o700}
    export(CommitTree(repository, "HEAD"), None, tmp_path / "all")
    assert (tmp_path / "all" / "other" / "y").read_text() == "4"


@pytest.mark.parametrize(
    "links",
    [
        {"x": "/etc/passwd"},
        {"x": "../outside"},
        {"a/b/x": "../../../outside"},
        {"a/b/c/up": "../../..", "y": "a/b/c/up/../outside"},
        {"x": "y", "y": "x"},
        {"d": "..", "x": "d/outside"},
    ],
)
def test_a_link_that_leads_out_stops_the_export_before_anything_is_written(
    tmp_path: Path, links: dict[str, str]
) -> None:
    with pytest.raises(AskedWrongly) as error:
        export(DictTree({"file": "1", "a/b/c/deep": "2"}, links), None, tmp_path / "out")
    assert error.value.diagnostics[0].code == "link-leaves-tree"
    assert not (tmp_path / "out").exists()


def test_links_that_stay_are_kept_even_when_they_go_up_and_down() -> None:
    tree = DictTree(
        {"a/b/file": "1"}, {"a/x": "../a/b/file", "l": "a/b", "m": "l/../b/file", "dangling": "a/none"}
    )
    assert all(stays_inside(tree, path) for path in ("a/x", "l", "m", "dangling"))


@pytest.mark.parametrize("path", [".git/config", "a/.GIT/hooks/pre-push", "git~1/config", "../x"])
def test_what_a_tree_must_not_hold_is_not_exported(tmp_path: Path, path: str) -> None:
    with pytest.raises(AskedWrongly) as error:
        export(DictTree({path: "1"}), None, tmp_path / "out")
    assert error.value.diagnostics[0].code == "path-not-exportable"


def test_an_export_does_not_write_through_what_stands_there_already(tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "d").symlink_to(tmp_path / "victim")
    with pytest.raises(AskedWrongly):
        export(DictTree({"d/file": "1"}), None, tmp_path / "out")
    assert list((tmp_path / "victim").iterdir()) == []


@pytest.fixture
def written(remote: Remote) -> Repository:
    repository = remote.clone("writer")
    outbox = RemoteOutbox(repository, "origin", RefNaming())
    for number in range(3):
        edits = [
            Edit(ref=LIVE, changes={f"targets/{number}/x": b"%d" % number}, chained=True),
            Edit(ref=LOCKS, changes={"t": b"%d" % number}),
        ]
        assert isinstance(outbox.submit(edits).wait(30), Pushed)
    outbox.close()
    return repository


def test_another_clone_reads_what_one_has_written(remote: Remote, written: Repository) -> None:
    repository = remote.clone("reader")
    refs = RemoteRefs(repository, "origin", RefNaming())
    assert refs.head(LIVE) is None
    refs.refresh(["refs/runner/live/*", LOCKS])
    assert refs.names("refs/runner/") == (LIVE, LOCKS)
    assert refs.head(LIVE) == git(remote.path, "rev-parse", LIVE)
    assert refs.blob(LIVE, "targets/1/x") == (blob_id(b"1"), b"1")
    assert refs.blob(LIVE, "targets/1") is None
    assert refs.blob(LIVE, "nothing/at/all") is None
    assert refs.blobs(LIVE, "targets/2") == {"targets/2/x": (blob_id(b"2"), b"2")}
    assert refs.blobs(LIVE, "targets/") == refs.blobs(LIVE)
    assert sorted(refs.blobs(LIVE)) == ["targets/0/x", "targets/1/x", "targets/2/x"]
    assert refs.blobs("refs/runner/live/none") == {}
    assert RemoteRefs(repository, "origin", RefNaming()).head(LIVE) == refs.head(LIVE)
    assert git(repository.root, "for-each-ref", "refs/runner") == ""


@pytest.mark.parametrize("how", ["rewound", "replaced", "gone"])
def test_a_chain_that_moved_back_stops_and_the_remembered_head_stays(
    remote: Remote, written: Repository, how: str
) -> None:
    refs = RemoteRefs(remote.clone("reader"), "origin", RefNaming())
    refs.refresh(["refs/runner/*"])
    seen = refs.head(LIVE)
    match how:
        case "rewound":
            git(remote.path, "update-ref", LIVE, f"{LIVE}~2")
        case "replaced":
            git(remote.path, "update-ref", LIVE, git(remote.path, "rev-parse", "main"))
        case _:
            git(remote.path, "update-ref", "-d", LIVE)
    for _ in range(2):
        with pytest.raises(HistoryMoved) as error:
            refs.refresh(["refs/runner/live/*"])
        assert error.value.diagnostics[0].code == "history-moved-back"
        assert refs.head(LIVE) == seen
    refs.forget([LIVE])
    refs.refresh(["refs/runner/live/*"])
    assert refs.head(LIVE) != seen


def test_a_lock_ref_may_be_replaced_and_may_vanish(remote: Remote, written: Repository) -> None:
    refs = RemoteRefs(remote.clone("reader"), "origin", RefNaming())
    refs.refresh(["refs/runner/*"])
    git(remote.path, "update-ref", "-d", LOCKS)
    refs.refresh(["refs/runner/*"])
    assert refs.names("refs/runner/") == (LIVE,)


def test_a_remote_that_is_away_is_no_answer(remote: Remote, written: Repository) -> None:
    refs = RemoteRefs(written, "origin", RefNaming())
    remote.path.rename(remote.path.with_name("away"))
    with pytest.raises(NoAnswer):
        refs.refresh(["refs/runner/*"])
    assert refs.head(LIVE)


def test_a_remote_that_is_silent_is_no_answer_in_time(remote: Remote, tmp_path: Path) -> None:
    repository = remote.clone("reader", network_timeout=0.5)
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nexec sleep 600\n")
    silent.chmod(0o755)
    git(repository.root, "config", "remote.origin.uploadpack", str(silent))
    with pytest.raises(NoAnswer) as error:
        RemoteRefs(repository, "origin", RefNaming()).refresh(["refs/runner/*"])
    assert error.value.diagnostics[0].code == "remote-silent"
