"""What a writer of the ref or bucket could do with a state: it is noticed, and never taken for another one."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.conformance.state_store import NESTED, NETWORK, SECRET, refused, state_of, write
from runner.errors import AskedWrongly, Denied, HistoryMoved, LeaseHeld
from runner.git import Edit, Pushed
from runner.git.outbox import RemoteOutbox
from runner.kit.crypto import generate, ring_of
from runner.model.entry import StoredState
from runner.vault.git_states import GitStates
from tests.vault.store_benches import NAMING, SEAL, BucketPlace, DirectoryPlace, GitPlace, clock

REF = "refs/runner/state/prod"
INDEX = "states/network/index.json"


def overwritten(place: GitPlace, changes: Mapping[str, bytes | None]) -> None:
    """What anybody with push rights can do."""
    assert place.deliver([Edit(ref=REF, changes=changes)])


def blob(place: GitPlace, path: str) -> bytes:
    """What lies there."""
    found = place.refs().blob(REF, path)
    assert found is not None
    return found[1]


def two_states(place: GitPlace) -> tuple[StoredState, StoredState]:
    """Versions 1 and 2."""
    store = place.open()
    first = write(place, store, 1, None)
    return first, write(place, store, 2, first)


@pytest.mark.parametrize("place", [0, 3, 5, 20, 50, 70, -1])
def test_a_flipped_bit_in_git_is_noticed(git_place: GitPlace, place: int) -> None:
    _, second = two_states(git_place)
    path = "states/network/0000000002"
    sealed = bytearray(blob(git_place, path))
    sealed[place] ^= 1
    overwritten(git_place, {path: bytes(sealed)})
    refused("state-not-authentic", lambda: git_place.open().load(NETWORK, second))
    refused("state-not-authentic", lambda: git_place.open().read_version(NETWORK, 2))


def test_a_missing_blob_is_noticed(git_place: GitPlace) -> None:
    _, second = two_states(git_place)
    overwritten(git_place, {"states/network/0000000002": None})
    refused("state-missing", lambda: git_place.open().load(NETWORK, second))


def test_a_missing_index_is_noticed(git_place: GitPlace) -> None:
    _, second = two_states(git_place)
    overwritten(git_place, {INDEX: None})
    refused("state-missing", lambda: git_place.open().load(NETWORK, second))


def test_a_ref_put_back_to_the_older_genuine_state_is_noticed(git_place: GitPlace) -> None:
    first = write(git_place, git_place.open(), 1, None)
    older = blob(git_place, INDEX)
    second = write(git_place, git_place.open(), 2, first)
    overwritten(git_place, {INDEX: older, "states/network/0000000002": None})
    refused("state-moved-back", lambda: git_place.open().load(NETWORK, second))


def test_an_older_genuine_blob_in_the_newest_ones_place_is_noticed(git_place: GitPlace) -> None:
    first, second = two_states(git_place)
    older = blob(git_place, "states/network/0000000001")
    overwritten(git_place, {"states/network/0000000002": older})
    refused("state-not-authentic", lambda: git_place.open().load(NETWORK, second))
    # With a table to match, the record still knows better.
    table = json.loads(blob(git_place, INDEX))
    table["versions"][1] = {**table["versions"][0], "version": 2}
    overwritten(git_place, {INDEX: json.dumps(table).encode()})
    refused("state-not-on-record", lambda: git_place.open().load(NETWORK, second))
    # And an entry that were forged with it would not open: the envelope knows its serial.
    forged = replace(first, version=2, facts=replace(first.facts, serial=2))
    refused("state-not-authentic", lambda: git_place.open().load(NETWORK, forged))


def test_another_targets_blob_is_noticed_even_with_a_matching_entry(git_place: GitPlace) -> None:
    write(git_place, git_place.open(), 1, None)
    state, facts = state_of(1)
    other = git_place.open().save(NESTED, state, facts, 1, None)
    assert git_place.deliver(other.edits)
    overwritten(
        git_place,
        {
            INDEX: blob(git_place, "states/eu%2Fnetwork/index.json"),
            "states/network/0000000001": blob(git_place, "states/eu%2Fnetwork/0000000001"),
        },
    )
    refused("state-not-authentic", lambda: git_place.open().load(NETWORK, other.stored))


@pytest.mark.parametrize(
    "table", [b"", b"{}", b"[]", b"\xff", b'{"schema":2}', b'{"schema":1,"versions":[{}]}', b"null"]
)
def test_a_table_that_we_never_write_is_noticed(git_place: GitPlace, table: bytes) -> None:
    _, second = two_states(git_place)
    overwritten(git_place, {INDEX: table})
    refused("state-not-authentic", lambda: git_place.open().load(NETWORK, second))
    refused("state-not-authentic", lambda: git_place.open().load(NETWORK, None))
    refused("state-not-authentic", lambda: git_place.open().versions(NETWORK))


def test_another_key_and_another_ledger_open_nothing(git_place: GitPlace) -> None:
    _, second = two_states(git_place)
    stranger = replace(SEAL, keys=ring_of(generate()))
    with pytest.raises(AskedWrongly):
        replace(git_place, seal=stranger).open().load(NETWORK, second)
    with pytest.raises(HistoryMoved):
        replace(git_place, seal=replace(SEAL, ledger="ledger-2")).open().load(NETWORK, second)


def test_only_the_newest_hundred_versions_stay(git_place: GitPlace) -> None:
    store, stored = git_place.open(), None
    outbox = RemoteOutbox(git_place.repository, "origin", NAMING)
    tickets = []  # none waits for the one before: they are grouped, and each expects the table that the last one wrote
    for serial in range(1, 104):
        state, facts = state_of(serial)
        saved = store.save(NETWORK, state, facts, 1, stored)
        stored = saved.stored
        tickets.append(outbox.submit(saved.edits))
    assert all(isinstance(ticket.wait(60), Pushed) for ticket in tickets)
    outbox.close()
    kept = [each.stored.version for each in git_place.open().versions(NETWORK)]
    assert kept == list(range(103, 3, -1))
    assert len(git_place.refs().blobs(REF, "states/network")) == 101
    assert git_place.open().load(NETWORK, stored) == state_of(103)[0]
    refused("state-version-unknown", lambda: git_place.open().read_version(NETWORK, 3))


def test_a_save_that_was_never_delivered_does_not_stand_in_the_way(git_place: GitPlace) -> None:
    store = git_place.open()
    first = write(git_place, store, 1, None)
    state, facts = state_of(2)
    store.save(NETWORK, state, facts, 1, first)  # the push failed
    fresh = git_place.open()
    assert fresh.load(NETWORK, first) == state_of(1)[0]
    write(git_place, fresh, 3, first)


def test_after_one_that_arrived_and_one_that_did_not_the_next_follows_the_one_that_did(
    git_place: GitPlace,
) -> None:
    store = git_place.open()
    second = write(git_place, store, 2, write(git_place, store, 1, None))
    state, facts = state_of(3)
    store.save(NETWORK, state, facts, 1, second)  # the push failed
    fourth = write(git_place, store, 4, second)
    assert store.load(NETWORK, fourth) == state_of(4)[0]
    assert git_place.open().load(NETWORK, fourth) == state_of(4)[0]


def test_one_that_was_given_up_and_arrived_later_is_known_again_and_followed(git_place: GitPlace) -> None:
    refs = git_place.refs()
    store = GitStates(refs, SEAL, clock())
    first = write(git_place, store, 1, None)
    late, *_ = [store.save(NETWORK, *state_of(serial), 1, first) for serial in (2, 3, 4)]
    refs.refresh([REF])
    assert store.arrived(NETWORK) == first
    assert git_place.deliver(late.edits)
    refs.refresh([REF])
    assert store.arrived(NETWORK) == late.stored
    fifth = write(git_place, store, 5, late.stored)
    assert git_place.open().load(NETWORK, fifth) == state_of(5)[0]
    write(git_place, git_place.open(), 6, fifth)
    refs.refresh([REF])
    assert store.arrived(NETWORK) is None


def test_no_plain_byte_of_a_state_is_anywhere_in_git(git_place: GitPlace, git_remote: Path) -> None:
    two_states(git_place)
    for repository in (git_remote, git_place.repository.git_directory):
        command = ["git", "-C", str(repository), "cat-file", "--batch-all-objects", "--batch"]
        objects = subprocess.run(command, check=True, capture_output=True).stdout
        assert b'"versions"' in objects
        for form in forms(SECRET):
            assert form not in objects


def forms(secret: str) -> list[bytes]:
    """The secret as it could leak."""
    return [secret.encode(), base64.b64encode(secret.encode())[:-3], secret.encode().hex().encode()]


# ------------------------------------------------------------------------------------------------------------- S3


def test_no_plain_byte_of_a_state_is_anywhere_in_the_bucket(bucket_place: BucketPlace) -> None:
    store = bucket_place.open()
    store.hold(NETWORK, "run-1", 1)
    write(bucket_place, store, 1, None)
    objects = bucket_place.objects()
    names = objects.names("")
    assert len(names) == 3
    for name in names:
        found = objects.get(name)
        assert found is not None
        text = found.content + repr(found.metadata).encode()
        assert not any(form in text for form in forms(SECRET))


def test_of_eight_writers_at_once_one_wins(bucket_place: BucketPlace) -> None:
    first = write(bucket_place, bucket_place.open(), 1, None)

    def attempt(number: int) -> StoredState | None:
        state, facts = state_of(2, extra=str(number))
        try:
            return bucket_place.open().save(NETWORK, state, facts, 1, first).stored
        except HistoryMoved:
            return None

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, range(8)))
    winners = [each for each in answers if each]
    assert len(winners) == 1
    assert bucket_place.open().load(NETWORK, winners[0])
    assert len(bucket_place.open().versions(NETWORK)) == 2


def test_of_eight_machines_one_gets_the_lock(bucket_place: BucketPlace) -> None:
    def attempt(number: int) -> bool:
        place = replace(bucket_place, seal=replace(SEAL, ledger=f"ledger-{number}"))
        try:
            place.open().hold(NETWORK, f"run-{number}", 1)
        except LeaseHeld:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_a_lock_ends_with_its_run_and_a_dead_runs_lock_with_the_next_lease(bucket_place: BucketPlace) -> None:
    one, other = bucket_place.open(), bucket_place.open()
    one.hold(NETWORK, "run-1", 1)
    one.hold(NETWORK, "run-1", 1)
    with pytest.raises(LeaseHeld):
        other.hold(NETWORK, "run-2", 1)
    one.let_go(NETWORK)
    one.let_go(NETWORK)
    other.hold(NETWORK, "run-2", 2)
    third = bucket_place.open()
    third.hold(NETWORK, "run-3", 3)  # run-2 died; the ledger's lease passed on
    other.let_go(NETWORK)  # it was only slow: the lock is not its own any more
    with pytest.raises(LeaseHeld):
        bucket_place.open().hold(NETWORK, "run-4", 3)


def test_terraforms_own_lock_is_respected(bucket_place: BucketPlace) -> None:
    lock = {
        "ID": "1",
        "Operation": "OperationTypeApply",
        "Info": "",
        "Who": "ada@laptop",
        "Created": "2026-01-01T00:00:00Z",
    }
    key = "states/prod/network/terraform.tfstate.sealed.tflock"
    bucket_place.objects().put(key, json.dumps(lock).encode(), after=None, metadata={})
    with pytest.raises(LeaseHeld, match="ada@laptop"):
        bucket_place.open().hold(NETWORK, "run-1", 9)


def test_an_object_that_was_changed_or_replaced_is_noticed(bucket_place: BucketPlace) -> None:
    first = write(bucket_place, bucket_place.open(), 1, None)
    objects, key = bucket_place.objects(), bucket_place.open().key(NETWORK)
    older = objects.get(key)
    assert older is not None
    second = write(bucket_place, bucket_place.open(), 2, first)
    newest = objects.get(key)
    assert newest is not None
    flipped = newest.content[:-1] + bytes([newest.content[-1] ^ 1])
    etag = objects.put(key, flipped, after=newest.etag, metadata=newest.metadata)
    refused("state-not-authentic", lambda: bucket_place.open().load(NETWORK, second))
    etag = objects.put(key, older.content, after=etag, metadata=newest.metadata)
    refused("state-not-authentic", lambda: bucket_place.open().load(NETWORK, second))
    etag = objects.put(key, older.content, after=etag, metadata=older.metadata)
    refused("state-moved-back", lambda: bucket_place.open().load(NETWORK, second))
    objects.put(key, b"by hand", after=etag, metadata={})
    refused("state-not-authentic", lambda: bucket_place.open().load(NETWORK, second))
    objects.delete(key)
    refused("state-missing", lambda: bucket_place.open().load(NETWORK, second))


def test_what_a_run_left_that_died_before_its_state_was_in_place_is_written_over(
    bucket_place: BucketPlace,
) -> None:
    first = write(bucket_place, bucket_place.open(), 1, None, fence=1)
    objects, key = bucket_place.objects(), bucket_place.open().key(NETWORK)
    labels = {"version": "2", "fence": "2", "ciphertext": "00", "lineage": "l", "serial": "2", "digest": "d"}
    left = {**labels, "at": clock().now().isoformat()}
    objects.put(f"{key}.versions/0000000002", b"left", after=None, metadata=left)
    assert len(bucket_place.open().versions(NETWORK)) == 1
    state, facts = state_of(2)
    with pytest.raises(Denied):
        bucket_place.open().save(NETWORK, state, facts, 1, first)
    second = write(bucket_place, bucket_place.open(), 2, first, fence=3)
    assert bucket_place.open().read_version(NETWORK, 2) == state
    assert bucket_place.open().load(NETWORK, second) == state


# ---------------------------------------------------------------------------------------------------------- local


def test_a_local_state_without_an_entry_is_refused_with_the_way_out(directory_place: DirectoryPlace) -> None:
    write(directory_place, directory_place.open(), 1, None)
    with pytest.raises(AskedWrongly) as caught:
        directory_place.open().load(NETWORK, None)
    assert caught.value.diagnostics[0].code == "state-overlooked"
    assert "runner state migrate prod/network" in caught.value.diagnostics[0].hint


def test_a_local_state_is_private_and_changed_ones_are_noticed(directory_place: DirectoryPlace) -> None:
    stored = write(directory_place, directory_place.open(), 1, None)
    path = directory_place.open().path(NETWORK)
    assert path.stat().st_mode & 0o777 == 0o600
    assert {each.name for each in path.parent.iterdir()} == {"network.tfstate", "network.tfstate.lock"}
    path.write_bytes(path.read_bytes() + b" ")
    refused("state-not-on-record", lambda: directory_place.open().load(NETWORK, stored))
    state, facts = state_of(2)
    refused("state-not-on-record", lambda: directory_place.open().save(NETWORK, state, facts, 1, stored))


def test_a_local_state_is_locked_for_as_long_as_it_is_held(directory_place: DirectoryPlace) -> None:
    one, other = directory_place.open(), directory_place.open()
    one.hold(NETWORK, "run-1", 1)
    write(directory_place, one, 1, None)
    refused("state-locked", lambda: other.hold(NETWORK, "run-2", 2))
    state, facts = state_of(2)
    refused("state-locked", lambda: other.save(NETWORK, state, facts, 2, None))
    one.let_go(NETWORK)
    other.hold(NETWORK, "run-2", 2)
    other.let_go(NETWORK)


def test_a_full_disk_leaves_the_old_state_whole(directory_place: DirectoryPlace) -> None:
    stored = write(directory_place, directory_place.open(), 1, None)
    folder = directory_place.open().path(NETWORK).parent
    folder.chmod(0o500)
    try:
        if os.geteuid() != 0:
            state, facts = state_of(2)
            with pytest.raises(OSError, match="denied"):
                directory_place.open().save(NETWORK, state, facts, 1, stored)
        assert directory_place.open().load(NETWORK, stored) == state_of(1)[0]
    finally:
        folder.chmod(0o700)
