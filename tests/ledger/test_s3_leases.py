"""Leases that no push moves with the record: what comes first, who dies in between, and a bucket that is silent."""

import dataclasses
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import pytest
from msgspec.structs import replace

from runner.cloud import StoredObject
from runner.cloud.s3 import S3Objects
from runner.errors import HistoryMoved, LeaseHeld, NoAnswer, OutcomeUnknown
from runner.git import Conflict, Delivery, Edit, Outbox, Pushed, Ticket, Unsent
from runner.kit.clock import SystemClock
from runner.ledger import Writing
from runner.ledger.leases import TableLeases
from runner.ledger.s3_leases import S3Leases
from runner.model.lease import Intent
from tests.ledger.ledger_parts import NETWORK, deployed, entry
from tests.ledger.people import BUCKET, NOON, Bucket, Person, cloud_at

pytestmark = pytest.mark.parametrize("people", ["s3"], indirect=True)


@pytest.fixture
def ada(people: Callable[[str], Person]) -> Person:
    person = people("ada")
    person.desk.book.open("prod")
    return person


@pytest.fixture
def bob(people: Callable[[str], Person], ada: Person) -> Person:
    person = people("bob")
    person.desk.book.refresh(["prod"])
    return person


def leases_of(person: Person, **terms: object) -> TableLeases:
    return person.leases(floor=person.desk.book.fence, **terms)  # type: ignore[arg-type]


def entry_of(person: Person, leases: TableLeases) -> tuple[Edit, ...]:
    written = replace(entry(leases.fence(NETWORK)), fence=leases.fence(NETWORK))
    return person.desk.book.record(Writing(entry=written, deployment=deployed(written)))


def announce(leases: TableLeases, run: str) -> None:
    leases.announce(NETWORK, Intent(run=run, purpose="apply", code="c1:x", commit="4" * 40, at=NOON))


def runs(person: Person) -> list[str]:
    person.desk.book.refresh(["prod"])
    return [each.run for each in person.desk.book.entries("prod")]


class Meanwhile:
    """An outbox before whose pushes something happens elsewhere."""

    def __init__(self, outbox: Outbox, happens: Callable[[], object]) -> None:
        self._outbox = outbox
        self._happens = happens

    def submit(
        self,
        edits: Sequence[Edit],
        *,
        keep: bool = False,
        then: Callable[[Delivery], None] | None = None,
        begun: Callable[[], None] | None = None,
    ) -> Ticket:
        self._happens()
        return self._outbox.submit(edits, keep=keep, then=then, begun=begun)

    def close(self) -> None:
        self._outbox.close()


def before_each_push(leases: TableLeases, happens: Callable[[], object]) -> None:
    assert isinstance(leases, S3Leases)
    leases._outbox = Meanwhile(leases._outbox, happens)


def test_of_two_who_both_think_that_it_is_theirs_only_one_writes(ada: Person, bob: Person) -> None:
    slow, quick = leases_of(ada), leases_of(bob, dead=lambda _: True)
    slow.take([NETWORK], "run-of-ada")

    def taken_over() -> None:
        quick.take([NETWORK], "run-of-bob")
        assert isinstance(quick.end(NETWORK, entry_of(bob, quick)), Pushed)

    before_each_push(slow, taken_over)
    assert isinstance(slow.end(NETWORK, entry_of(ada, slow)), Conflict)
    assert runs(bob) == ["run-2"]
    assert [each.lease.run for each in slow.standing("prod")] == []


def test_the_one_who_was_late_but_first_keeps_the_other_from_writing_over_it(
    ada: Person, bob: Person
) -> None:
    late, other = leases_of(ada), leases_of(bob, dead=lambda _: True)
    late.take([NETWORK], "run-of-ada")
    before_each_push(late, lambda: other.take([NETWORK], "run-of-bob"))
    assert isinstance(late.end(NETWORK, entry_of(ada, late)), Pushed)
    assert isinstance(other.end(NETWORK, entry_of(bob, other)), Conflict)
    assert runs(bob) == ["run-1"]


def test_who_dies_between_his_entry_and_the_end_of_his_lease_leaves_nothing_unknown(
    ada: Person, bob: Person
) -> None:
    dying = leases_of(ada)
    dying.take([NETWORK], "run-of-ada")
    announce(dying, "run-of-ada")
    entries = entry_of(ada, dying)
    assert ada.bucket is not None
    with pytest.raises(OutcomeUnknown):
        leases_of(bob, dead=lambda _: True).take([NETWORK], "run-too-early")

    def cut() -> None:
        assert ada.bucket is not None
        ada.bucket.cut = True

    before_each_push(dying, cut)
    assert isinstance(dying.end(NETWORK, entries), Pushed), "what is on the record was recorded"
    bob.desk.book.refresh(["prod"])
    next_one = leases_of(bob, dead=lambda _: True)
    assert [each.lease.intent for each in next_one.standing("prod")] == [None]
    next_one.take([NETWORK], "run-of-bob")
    assert (next_one.held(NETWORK).fence, next_one.held(NETWORK).intent) == (2, None)
    ada.bucket.cut = False
    dying.release_all()
    assert [each.lease.run for each in next_one.standing("prod")] == ["run-of-bob"]


def test_an_end_that_did_not_arrive_is_tried_again_when_the_run_ends(ada: Person, bob: Person) -> None:
    held = leases_of(ada)
    held.take([NETWORK], "run-of-ada")
    announce(held, "run-of-ada")
    edits = entry_of(ada, held)
    before_each_push(held, ada.cut_off)
    assert isinstance(held.end(NETWORK, edits), Pushed)
    ada.mend()
    held.release_all()
    bob.desk.book.refresh(["prod"])
    assert leases_of(bob).standing("prod") == []


def test_nothing_is_recorded_while_the_bucket_does_not_say_whose_the_lease_is(ada: Person) -> None:
    held = leases_of(ada)
    held.take([NETWORK], "run-of-ada")
    ada.cut_off()
    delivery = held.end(NETWORK, entry_of(ada, held), keep=True)
    assert isinstance(delivery, Unsent)
    assert "cloud" not in delivery.kept
    assert runs(ada) == []
    ada.mend()
    assert isinstance(held.end(NETWORK, entry_of(ada, held)), Pushed)


def test_a_lease_that_was_taken_in_git_before_the_store_was_changed_is_respected(
    ada: Person, bob: Person
) -> None:
    before = dataclasses.replace(ada, bucket=None).leases()
    before.take([NETWORK], "run-in-git")
    with pytest.raises(LeaseHeld) as caught:
        leases_of(bob).take([NETWORK], "run-in-s3")
    assert caught.value.diagnostics[0].code == "lease-left-elsewhere"
    announce(before, "run-in-git")
    with pytest.raises(LeaseHeld, match="has announced a change"):
        leases_of(bob, dead=lambda _: True).take([NETWORK], "run-in-s3")
    before.end(NETWORK)
    leases_of(bob, dead=lambda _: True).take([NETWORK], "run-in-s3")


def test_a_lease_that_was_taken_in_the_bucket_before_the_store_was_changed_back_is_respected(
    ada: Person, bob: Person
) -> None:
    before = leases_of(ada)
    before.take([NETWORK], "run-in-s3")
    with pytest.raises(LeaseHeld, match="may be working") as caught:
        leases_of(bob.in_git_again()).take([NETWORK], "run-in-git")
    assert caught.value.diagnostics[0].code == "lease-left-elsewhere"
    assert f"s3://{BUCKET}/{ada.prefix}/prod.leases.json" in str(caught.value)
    announce(before, "run-in-s3")
    again = leases_of(bob.in_git_again(), dead=lambda _: True)
    with pytest.raises(LeaseHeld, match="has announced a change"):
        again.take([NETWORK], "run-in-git")
    assert isinstance(before.end(NETWORK, entry_of(ada, before)), Pushed)
    bob.desk.book.refresh(["prod"])
    again.release_all()
    again.take([NETWORK], "run-in-git")
    assert again.fence(NETWORK) > before.fence(NETWORK)


def test_what_was_recorded_under_leases_elsewhere_is_gone_on_from_in_both_directions(
    ada: Person, bob: Person
) -> None:
    fences: list[int] = []
    for person in (ada.in_git_again(), bob, ada.in_git_again(), bob):
        person.desk.book.refresh(["prod"])
        leases = leases_of(person)
        leases.take([NETWORK], f"run-{len(fences)}")
        fences.append(leases.fence(NETWORK))
        assert isinstance(leases.end(NETWORK, entry_of(person, leases)), Pushed)
        leases.release_all()
    assert fences == sorted(set(fences))


def test_a_bucket_that_is_gone_holds_no_lease_and_one_that_is_silent_may(
    ada: Person, bob: Person, moto_server: str
) -> None:
    before = leases_of(ada)
    before.take([NETWORK], "run-in-s3")
    assert bob.bucket is not None
    bob.bucket.cut = True
    with pytest.raises(NoAnswer):
        leases_of(bob.in_git_again()).take([NETWORK], "run-in-git")
    gone = dataclasses.replace(bob.in_git_again(), former=Bucket(S3Objects(cloud_at(moto_server), "gone")))
    leases_of(gone, dead=lambda _: True).take([NETWORK], "run-in-git")


def test_an_object_that_is_none_of_ours_stops_everything(ada: Person) -> None:
    assert ada.bucket is not None
    key = f"{ada.prefix}/prod.leases.json"
    for content in (b"not json", b"[]", b'{"schema": "runner/1", "files": []}', b'{"schema": "runner/9"}'):
        standing = ada.bucket.get(key)
        ada.bucket.put(key, content, after=standing.etag if standing else None, metadata={})
        with pytest.raises(HistoryMoved) as caught:
            leases_of(ada).take([NETWORK], "run-1")
        assert caught.value.diagnostics[0].code == "lease-unreadable"
        assert key in str(caught.value)


def test_the_object_is_plain_json_with_the_files_that_git_would_hold(ada: Person) -> None:
    held = leases_of(ada)
    held.take([NETWORK], "run-1")
    held.renew()
    assert ada.bucket is not None
    found = ada.bucket.get(f"{ada.prefix}/prod.leases.json")
    assert found is not None
    files = json.loads(found.content)["files"]
    assert set(files) == {"leases/network.json", "renewals/run-1.json"}
    assert (files["leases/network.json"]["holder"], files["renewals/run-1.json"]["renewal"]) == ("ada", 1)


class Silent(Bucket):
    """A bucket that, once told so, takes what it is given and does not answer until the end."""

    def __init__(self, bucket: Bucket) -> None:
        super().__init__(bucket._objects)
        self.silent, self.ended = threading.Event(), threading.Event()

    def put(self, key: str, content: bytes, *, after: str | None, metadata: Mapping[str, str]) -> str | None:
        self._wait()
        return super().put(key, content, after=after, metadata=metadata)

    def get(self, key: str) -> StoredObject | None:
        self._wait()
        return super().get(key)

    def _wait(self) -> None:
        if self.silent.is_set():
            self.ended.wait(60)


def test_a_holder_whose_bucket_is_silent_is_told_before_anybody_can_take_it_over(ada: Person) -> None:
    assert ada.bucket is not None
    silent = ada.bucket = Silent(ada.bucket)
    told = threading.Event()
    held = ada.leases(clock=SystemClock(), term=6.0, on_lost=lambda _: told.set())
    held.take([NETWORK], "run-1")
    taken = SystemClock().monotonic()
    silent.silent.set()
    assert told.wait(60)
    assert 2.5 < SystemClock().monotonic() - taken < 4.5, "at half its term, and not after a second try"
    with pytest.raises(LeaseHeld):
        held.held(NETWORK)
    silent.silent.clear()
    silent.ended.set()
    with suppress(NoAnswer):
        held.release_all()


def test_an_entry_that_is_pushed_late_is_not_taken_for_another_leases(ada: Person, bob: Person) -> None:
    """A fence that is on record settles the intent of that very lease, not that of a later one."""
    first = leases_of(ada)
    first.take([NETWORK], "run-1")
    assert isinstance(first.end(NETWORK, entry_of(ada, first)), Pushed)
    ada.desk.book.refresh(["prod"])
    second = leases_of(ada)
    second.take([NETWORK], "run-2")
    announce(second, "run-2")
    bob.desk.book.refresh(["prod"])
    with pytest.raises(OutcomeUnknown, match="run-2"):
        leases_of(bob, dead=lambda _: True).take([NETWORK], "run-3")
