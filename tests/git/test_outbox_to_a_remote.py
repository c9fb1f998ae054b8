"""The outbox against real bare remotes: what it promises when nothing, and when everything, goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from runner.git import Conflict, Edit, Pushed, Ticket, Unsent
from runner.git.keeping import kept
from runner.git.outbox import RemoteOutbox
from runner.git.place import RefNaming
from runner.git.repository import Repository
from runner.kit.tree import blob_id
from tests.git.clones import Remote, git, hook

LIVE, LOCKS, STATE = "refs/runner/live/prod", "refs/runner/locks/prod", "refs/runner/state/prod"
NAMING = RefNaming()


def outbox_of(repository: Repository, patience: float = 120.0) -> RemoteOutbox:
    return RemoteOutbox(repository, "origin", NAMING, patience=patience)


def test_a_chain_starts_with_a_parentless_commit_and_has_one_commit_an_edit(remote: Remote) -> None:
    repository = remote.clone("one")
    outbox = outbox_of(repository)
    source = repository.head()
    first = outbox.submit(
        [Edit(ref=LIVE, changes={"a/b": b"1"}, chained=True, message="one", parents=(source,))]
    )
    second = outbox.submit([Edit(ref=LIVE, changes={"a/c": b"2"}, chained=True, message="two\n\nTarget: x")])
    one, two = first.wait(30), second.wait(30)
    outbox.close()
    assert isinstance(one, Pushed)
    assert isinstance(two, Pushed)
    assert one.blobs == {(LIVE, "a/b"): blob_id(b"1")}
    log = git(remote.path, "log", "--first-parent", "--format=%H %s", LIVE).splitlines()
    assert [line.split(" ", 1)[1] for line in log] == ["two", "one", "runner: opened"]
    assert [line.split(" ", 1)[0] for line in log][:2] == [two.heads[LIVE], one.heads[LIVE]]
    assert git(remote.path, "rev-parse", f"{one.heads[LIVE]}^2") == source
    assert git(remote.path, "ls-tree", "-r", "--name-only", f"{LIVE}~2") == ""
    assert git(remote.path, "show", f"{LIVE}:a/b") == "1"
    git(remote.path, "fsck", "--strict")


def test_a_replaced_ref_is_one_parentless_commit(remote: Remote) -> None:
    outbox = outbox_of(remote.clone("one"))
    for content in (b"1", b"2"):
        assert isinstance(outbox.submit([Edit(ref=LOCKS, changes={"network": content})]).wait(30), Pushed)
    outbox.submit([Edit(ref=LOCKS, changes={"app": b"3"})]).wait(30)
    outbox.close()
    assert git(remote.path, "rev-list", "--count", LOCKS) == "1"
    assert git(remote.path, "ls-tree", "-r", "--name-only", LOCKS).split() == ["app", "network"]
    assert git(remote.path, "show", f"{LOCKS}:network") == "2"


def test_an_expectation_that_fails_denies_its_whole_submission_and_no_other(remote: Remote) -> None:
    outbox = outbox_of(remote.clone("one"))
    outbox.submit([Edit(ref=LOCKS, changes={"network": b"mine"})]).wait(30)
    bad = outbox.submit(
        [
            Edit(ref=LIVE, changes={"x": b"1"}, chained=True),
            Edit(ref=LOCKS, changes={"network": None}, expects={"network": blob_id(b"another")}),
        ]
    )
    good = outbox.submit(
        [
            Edit(ref=LIVE, changes={"y": b"1"}, chained=True),
            Edit(ref=LOCKS, changes={"network": None}, expects={"network": blob_id(b"mine"), "app": None}),
        ]
    )
    assert bad.wait(30) == Conflict(
        ref=LOCKS, path="network", expected=blob_id(b"another"), found=blob_id(b"mine")
    )
    assert isinstance(good.wait(30), Pushed)
    outbox.close()
    assert git(remote.path, "ls-tree", "-r", "--name-only", LIVE) == "y"
    assert git(remote.path, "ls-tree", "-r", "--name-only", LOCKS) == ""


def test_of_two_takers_of_one_lock_in_two_clones_exactly_one_wins_each_round(remote: Remote) -> None:
    outboxes = [outbox_of(remote.clone(name)) for name in ("one", "two")]
    found: str | None = None
    for round_ in range(15):
        contents = [f"{holder} {round_}".encode() for holder in range(2)]
        tickets = [
            outbox.submit([Edit(ref=LOCKS, changes={"t": content}, expects={"t": found})])
            for outbox, content in zip(outboxes, contents, strict=True)
        ]
        answers = [ticket.wait(60) for ticket in tickets]
        assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "Pushed"]
        winner = next(index for index, answer in enumerate(answers) if isinstance(answer, Pushed))
        found = blob_id(contents[winner])
        assert git(remote.path, "rev-parse", f"{LOCKS}:t") == found
    for outbox in outboxes:
        outbox.close()


def test_identical_takes_have_one_winner(remote: Remote) -> None:
    outboxes = [outbox_of(remote.clone(name)) for name in ("one", "two")]
    edit = Edit(ref=LOCKS, changes={"t": b"the same"}, expects={"t": None})
    answers = [ticket.wait(60) for ticket in [outbox.submit([edit]) for outbox in outboxes]]
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "Pushed"]
    for outbox in outboxes:
        outbox.close()


def test_two_clones_with_hundreds_of_interleaved_edits_lose_nothing(remote: Remote) -> None:
    count = 150
    outboxes = [outbox_of(remote.clone(name)) for name in ("one", "two")]
    tickets: list[Ticket] = []

    def feed(which: int) -> None:
        for number in range(count):
            edits = [
                Edit(
                    ref=LIVE,
                    changes={f"{number % 7}/{which}-{number}": b"x"},
                    chained=True,
                    message=f"{which} {number}",
                ),
                Edit(ref=STATE, changes={f"{which}-{number}": b"state"}),
            ]
            ticket = outboxes[which].submit(edits)
            if number % 10 == 9:
                ticket.wait(120)
            tickets.append(ticket)

    threads = [threading.Thread(target=feed, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for outbox in outboxes:
        outbox.close()
    assert all(isinstance(ticket.wait(1), Pushed) for ticket in tickets)
    subjects = git(remote.path, "log", "--first-parent", "--reverse", "--format=%s", LIVE).splitlines()[1:]
    for which in range(2):
        mine = [subject for subject in subjects if subject.startswith(f"{which} ")]
        assert mine == [f"{which} {number}" for number in range(count)]
    assert len(git(remote.path, "ls-tree", "-r", "--name-only", LIVE).split()) == 2 * count
    assert len(git(remote.path, "ls-tree", "-r", "--name-only", STATE).split()) == 2 * count


def test_ledger_state_and_lock_move_together_or_not_at_all(remote: Remote) -> None:
    hook(remote.path, "update", f'test "$1" != {STATE}')
    outbox = outbox_of(remote.clone("one"))
    edits = [Edit(ref=ref, changes={"x": b"1"}, chained=ref == LIVE) for ref in (LIVE, LOCKS, STATE)]
    answer = outbox.submit(edits).wait(30)
    outbox.close()
    assert isinstance(answer, Unsent)
    assert git(remote.path, "for-each-ref", "refs/runner") == ""


def test_a_remote_that_refuses_is_told_in_its_own_words_and_one_bad_submission_spoils_no_other(
    remote: Remote,
) -> None:
    hook(
        remote.path,
        "pre-receive",
        f"while read old new ref; do if [ $ref = {STATE} ]; then echo no states >&2; exit 1; fi; done",
    )
    outbox = outbox_of(remote.clone("one"))
    outbox.submit([Edit(ref=LOCKS, changes={"x": b"1"})]).wait(30)
    bad = outbox.submit([Edit(ref=STATE, changes={"x": b"1"})])
    good = outbox.submit([Edit(ref=LOCKS, changes={"y": b"1"})])
    refused = bad.wait(30)
    assert isinstance(refused, Unsent)
    assert "no states" in refused.message
    assert refused.kept == ""
    assert isinstance(good.wait(30), Pushed)
    outbox.close()


def test_what_a_dead_remote_did_not_take_is_kept_and_sent_by_the_next_command(remote: Remote) -> None:
    repository = remote.clone("one")
    away = remote.path.rename(remote.path.with_name("away"))
    outbox = outbox_of(repository)
    ticket = outbox.submit([Edit(ref=LIVE, changes={"x": b"\x00\xff"}, chained=True)], keep=True)
    answer = ticket.wait(30)
    outbox.close()
    assert isinstance(answer, Unsent)
    (waiting,) = kept(repository)
    assert str(waiting.file) == answer.kept
    assert waiting.file.stat().st_mode & 0o777 == 0o600
    assert waiting.file.parent.stat().st_mode & 0o777 == 0o700
    away.rename(remote.path)
    outbox = outbox_of(repository)
    ((sent, delivery),) = outbox.resend()
    outbox.close()
    assert isinstance(delivery, Pushed)
    assert sent.edits[0].changes == {"x": b"\x00\xff"}
    assert kept(repository) == ()
    assert list(waiting.file.parent.iterdir()) == []


def test_a_kept_submission_whose_fence_fell_is_a_conflict_and_stays(remote: Remote) -> None:
    repository = remote.clone("one")
    away = remote.path.rename(remote.path.with_name("away"))
    outbox = outbox_of(repository)
    outbox.submit([Edit(ref=LOCKS, changes={"t": b"late"}, expects={"t": None})], keep=True).wait(30)
    outbox.close()
    away.rename(remote.path)
    other = outbox_of(remote.clone("two"))
    other.submit([Edit(ref=LOCKS, changes={"t": b"theirs"})]).wait(30)
    other.close()
    outbox = outbox_of(repository)
    ((_, delivery),) = outbox.resend()
    outbox.close()
    assert delivery == Conflict(ref=LOCKS, path="t", expected=None, found=blob_id(b"theirs"))
    assert len(kept(repository)) == 1


def test_a_push_that_arrived_although_nobody_heard_of_it_is_not_sent_twice(
    remote: Remote, tmp_path: Path
) -> None:
    hook(
        remote.path,
        "post-receive",
        f"test -e {tmp_path}/once || {{ touch {tmp_path}/once; kill -9 $PPID; }}",
    )
    repository = remote.clone("one")
    outbox = outbox_of(repository)
    answer = outbox.submit([Edit(ref=LIVE, changes={"x": b"1"}, chained=True, message="one")]).wait(30)
    outbox.close()
    assert isinstance(answer, Pushed)
    assert answer.heads[LIVE] == git(remote.path, "rev-parse", LIVE)
    assert git(remote.path, "log", "--first-parent", "--format=%s", LIVE).splitlines() == [
        "one",
        "runner: opened",
    ]


def test_a_killed_sender_leaves_what_it_had_and_the_next_one_sends_it_once(
    remote: Remote, tmp_path: Path
) -> None:
    hook(
        remote.path,
        "post-receive",
        f"touch {tmp_path}/arrived; while test -e {tmp_path}/alive; do sleep 0.02; done",
    )
    (tmp_path / "alive").touch()
    repository = remote.clone("one")
    program = f"""
from pathlib import Path
from runner.git import Edit
from runner.git.outbox import RemoteOutbox
from runner.git.place import RefNaming
from runner.git.repository import Repository
outbox = RemoteOutbox(Repository.open(Path({str(repository.root)!r})), "origin", RefNaming())
outbox.submit([Edit(ref={LIVE!r}, changes={{"x": b"1"}}, chained=True, message="one")], keep=True).wait()
"""
    sender = subprocess.Popen(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], start_new_session=True
    )
    while not (tmp_path / "arrived").exists():
        assert sender.poll() is None
        time.sleep(0.01)
    assert RemoteOutbox(repository, "origin", NAMING).resend() == ()  # the living one has it
    os.kill(sender.pid, signal.SIGKILL)
    sender.wait()
    (tmp_path / "alive").unlink()
    outbox = outbox_of(repository)
    ((_, delivery),) = outbox.resend()
    outbox.close()
    assert isinstance(delivery, Pushed)
    assert delivery.heads[LIVE] == git(remote.path, "rev-parse", LIVE)
    assert git(remote.path, "rev-list", "--first-parent", "--count", LIVE) == "2"
    assert kept(repository) == ()
