"""What somebody with push rights and plain Git could do to a ledger, and how it is seen."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.errors import HistoryMoved
from runner.ledger import Writing
from runner.ledger.chain import Verified
from runner.ledger.trailers import message_of, opening_message
from runner.ledger.verified_memory import VerifiedMemory
from runner.model.entry import Entry, EntryKind
from runner.model.names import TargetName
from tests.ledger.ledger_parts import LIVE, NETWORK, Desk, entry, state


@pytest.fixture
def bob(desks: Callable[..., Desk], ada: Desk) -> Desk:
    """Has verified a ledger of three entries, and does not write himself."""
    for number in (1, 2, 3):
        ada.write(entry(number))
    made = desks("bob")
    made.book.refresh(["prod"])
    return made


def refused(desk: Desk) -> str:
    """The code with which a refresh is refused; reads are refused too then."""
    with pytest.raises(HistoryMoved) as caught:
        desk.book.refresh(["prod"])
    return caught.value.diagnostics[0].code


def forced(desk: Desk, commit: str) -> None:
    desk.checkout.git("push", "--quiet", "--force", "origin", f"{commit}:{LIVE}")


def without_git_memory(desk: Desk) -> None:
    """As if the clone remembered only what we verified: the refs that git's own watch keeps are gone."""
    for line in desk.checkout.git("for-each-ref", "--format=%(refname)", "refs/gitops-runner").splitlines():
        desk.checkout.git("update-ref", "-d", line)


def appended(desk: Desk, message: str, files: dict[str, str], *, parents: tuple[str, ...] = ()) -> str:
    """A commit on the head made with plain Git, with these files changed in its tree."""
    git = desk.checkout.git
    head = desk.book._believed["prod"].head
    index = {"GIT_INDEX_FILE": str(desk.checkout.path / ".git" / "forging")}
    git("read-tree", head, env=index)
    for path, content in files.items():
        file = desk.checkout.path / "forged"
        file.write_text(content)
        blob = git("hash-object", "-w", str(file))
        git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=index)
    tree = git("write-tree", env=index)
    chosen = [part for parent in parents or (head,) for part in ("-p", parent)]
    return git("commit-tree", tree, *chosen, "-m", message)


def honest(desk: Desk, written: Entry) -> tuple[str, dict[str, str]]:
    """The message and files that we would write, for a forger to bend."""
    path = "targets/network/deployment.json"
    standing = json.loads(desk.checkout.git("show", f"{desk.book._believed['prod'].head}:{path}"))
    newest = standing["newest"]
    newest |= {
        "run": written.run,
        "at": written.at.isoformat(),
        "fence": written.fence,
        "state": newest["state"],
    }
    newest["state"] |= {"serial": written.fence, "version": written.fence}
    newest["digests"] = {name: f"c1:{name}-{written.fence}" for name in newest["digests"]}
    return message_of(written, desk.book.identity("prod")), {path: json.dumps(standing)}


def test_an_honest_commit_made_with_plain_git_is_believed(bob: Desk) -> None:
    message, files = honest(bob, entry(4))
    forced(bob, appended(bob, message, files))
    bob.book.refresh(["prod"])
    assert bob.book.live("prod")["network"].last.run == "run-4"


def test_a_truncated_ledger_is_seen_by_whom_had_verified_more(bob: Desk) -> None:
    forced(bob, bob.checkout.git("rev-parse", f"{bob.book._believed['prod'].head}^"))
    assert refused(bob) == "history-moved-back"


def test_a_truncated_ledger_is_seen_even_when_gits_own_memory_is_gone(
    bob: Desk, desks: Callable[..., Desk]
) -> None:
    forced(bob, bob.checkout.git("rev-parse", f"{bob.book._believed['prod'].head}^"))
    without_git_memory(bob)
    assert refused(desks("bob")) == "ledger-truncated"


def test_a_ledger_that_is_gone_is_seen(bob: Desk, desks: Callable[..., Desk]) -> None:
    bob.checkout.git("push", "--quiet", "origin", f":{LIVE}")
    without_git_memory(bob)
    assert refused(desks("bob")) == "ledger-truncated"


def test_a_rewritten_ledger_is_seen(bob: Desk, desks: Callable[..., Desk]) -> None:
    git = bob.checkout.git
    head = bob.book._believed["prod"].head
    forced(
        bob,
        git("commit-tree", f"{head}^{{tree}}", "-p", f"{head}^", "-m", git("log", "-1", "--format=%B", head)),
    )
    without_git_memory(bob)
    assert refused(desks("bob")) == "ledger-rewritten"


@pytest.mark.parametrize(
    "files",
    [
        {"targets/app/deployment.json": "{}"},
        {"README.md": "hello"},
        {"environment.json": "{}"},
        {"targets/network2/deployment.json": "{}"},
    ],
)
def test_an_entry_that_changes_anothers_files_is_forged(bob: Desk, files: dict[str, str]) -> None:
    message, own = honest(bob, entry(4))
    forced(bob, appended(bob, message, {**own, **files}))
    assert refused(bob) == "ledger-forged"


def test_trailers_that_differ_from_the_tree_are_forged(bob: Desk) -> None:
    _, files = honest(bob, entry(4))
    message = message_of(replace(entry(4), approvers=("alice",)), bob.book.identity("prod"))
    forced(bob, appended(bob, message, files))
    assert refused(bob) == "ledger-forged"


def test_an_entry_without_its_file_is_forged(bob: Desk) -> None:
    message, _ = honest(bob, entry(4))
    forced(bob, appended(bob, message, {}))
    assert refused(bob) == "ledger-forged"


@pytest.mark.parametrize(
    "message", ["hello", "hello\n\nworld", "hello\n\nTarget: prod/network\nTarget: prod/app"]
)
def test_a_message_of_somebody_else_is_forged(bob: Desk, message: str) -> None:
    forced(bob, appended(bob, message, {}))
    assert refused(bob) == "ledger-forged"


def test_an_entry_of_another_ledger_or_environment_is_forged(bob: Desk) -> None:
    _, files = honest(bob, entry(4))
    forced(bob, appended(bob, message_of(entry(4), "f" * 32), files))
    assert refused(bob) == "ledger-forged"


def test_a_merge_of_something_that_was_not_applied_is_forged(bob: Desk) -> None:
    message, files = honest(bob, entry(4))
    head = bob.book._believed["prod"].head
    forced(bob, appended(bob, message, files, parents=(head, bob.checkout.git("rev-parse", "HEAD"))))
    assert refused(bob) == "ledger-forged"


def test_a_ledger_of_another_environment_is_not_taken_for_ours(desks: Callable[..., Desk], ada: Desk) -> None:
    ada.write(entry(1))
    head = ada.book._believed["prod"].head
    ada.checkout.git("push", "--quiet", "origin", f"{head}:refs/runner/live/staging")
    with pytest.raises(HistoryMoved, match="prod"):
        desks("bob").book.refresh(["staging"])


def test_a_ledger_that_begins_with_something_is_forged(
    desks: Callable[..., Desk], repository: object
) -> None:
    eve = desks("eve")
    tree = eve.checkout.git("rev-parse", "HEAD^{tree}")
    forced(eve, eve.checkout.git("commit-tree", tree, "-m", opening_message("prod", "a" * 32)))
    assert refused(eve) == "ledger-forged"


def test_a_fence_that_goes_back_is_seen(bob: Desk, ada: Desk) -> None:
    message, files = honest(bob, entry(4, fence=2, state=None))
    standing = json.loads(files["targets/network/deployment.json"])
    del standing["newest"]["state"]
    standing["newest"] |= {
        "fence": 2,
        "digests": {name: f"c1:{name}-4" for name in standing["newest"]["digests"]},
    }
    forced(bob, appended(bob, message, {"targets/network/deployment.json": json.dumps(standing)}))
    assert refused(bob) == "ledger-fence-back"


def test_a_serial_goes_back_only_where_the_entry_says_so(ada: Desk) -> None:
    ada.write(entry(5))
    ada.write(entry(6, kind=EntryKind.SURGERY, state=state(serial=2)))
    ada.write(entry(7, state=state(serial=1, lineage="other")))
    edits = ada.book.record(Writing(entry=entry(8, state=state(serial=1))))
    ada.outbox.submit(edits).wait()
    assert refused(ada) == "ledger-serial-back"


def test_reads_are_refused_like_refreshes(bob: Desk) -> None:
    forced(bob, appended(bob, "hello", {}))
    assert refused(bob) == "ledger-forged"
    for read in (
        bob.book.live,
        bob.book.identity,
        bob.book.freezes,
        lambda name: list(bob.book.entries(name)),
    ):
        with pytest.raises(HistoryMoved):
            read("prod")


def test_what_was_verified_is_remembered_by_place(tmp_path: Path) -> None:
    one, other = (
        VerifiedMemory(tmp_path / "runner", "remote/origin"),
        VerifiedMemory(tmp_path / "runner", "local"),
    )
    verified = Verified(environment="prod", ledger="a", head="b", marks={}, signed=True)
    one.remember(verified)
    assert one.recall("prod") == verified
    assert other.recall("prod") is None
    (tmp_path / "runner" / "verified.json").write_text("{")
    with pytest.raises(HistoryMoved):
        one.recall("prod")


def test_a_target_with_anothers_environment_is_forged(bob: Desk) -> None:
    _, files = honest(bob, entry(4))
    foreign = entry(4, TargetName(environment="dev", stack=NETWORK.stack))
    forced(bob, appended(bob, message_of(foreign, bob.book.identity("prod")), files))
    assert refused(bob) == "ledger-forged"
