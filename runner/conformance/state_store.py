"""What every StateStore promises, as checks that a plugin's tests run one by one: `for check in CHECKS: check(place)`.

A place is one empty store for one environment, and the way to deliver the edits that its writes return. Failures are
AssertionErrors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Protocol

from runner.errors import HistoryMoved, RunnerError
from runner.git import Edit
from runner.kit.canonical import digest_bytes
from runner.model.entry import StoredState
from runner.model.names import TargetName
from runner.model.plan import StateFacts
from runner.vault import StateStore

NETWORK = TargetName(environment="prod", stack="network")
NESTED = TargetName(environment="prod", stack="eu/network")
SECRET = "correct horse battery staple"  # noqa: S105  # the canary


class Place(Protocol):
    """One empty store."""

    def open(self) -> StateStore:
        """The store as another process sees it: nothing remembered."""

    def deliver(self, edits: Sequence[Edit]) -> bool:
        """Makes the edits real; whether they were taken. True when there are none."""

    @property
    def keeps_versions(self) -> bool:
        """Whether older versions can be read."""

    @property
    def keeps_fences(self) -> bool:
        """Whether a write with an older fence is refused."""


def state_of(serial: int, lineage: str = "0c6f", extra: str = "") -> tuple[bytes, StateFacts]:
    """A state with a secret in it, and its facts."""
    content = json.dumps(
        {"version": 4, "serial": serial, "lineage": lineage, "secret": SECRET, "extra": extra}
    )
    state = content.encode()
    return state, StateFacts(lineage=lineage, serial=serial, digest=digest_bytes(state))


def stopped(call: Callable[[], object], *codes: int) -> None:
    """Asserts that `call` ends with an error of one of these exit codes."""
    try:
        answer = call()
    except RunnerError as error:
        found = error.exit_code
    else:
        raise AssertionError(f"not stopped, but answered {answer!r}")
    assert found in codes, f"stopped with {found}, not one of {codes}"


def refused(code: str, call: Callable[[], object]) -> None:
    """Asserts that `call` ends with the diagnostic `code`."""
    try:
        answer = call()
    except RunnerError as error:
        found = error.diagnostics[0].code
    else:
        raise AssertionError(f"not refused with {code}, but answered {answer!r}")
    assert found == code, f"refused with {found}, not {code}"


def write(
    place: Place, store: StateStore, serial: int, after: StoredState | None, fence: int = 1
) -> StoredState:
    """Saves and delivers one state of NETWORK."""
    state, facts = state_of(serial)
    saved = store.save(NETWORK, state, facts, fence, after)
    assert place.deliver(saved.edits)
    return saved.stored


def check_an_empty_store_has_no_state(place: Place) -> None:
    """Before anything is saved."""
    store = place.open()
    assert store.load(NETWORK, None) is None
    assert list(store.versions(NETWORK)) == []
    refused("state-version-unknown", lambda: store.read_version(NETWORK, 1))


def check_what_was_saved_is_loaded_by_another_process(place: Place) -> None:
    """The bytes, by what the entry names."""
    stored = write(place, place.open(), 1, None)
    assert stored.version == 1
    assert stored.facts == state_of(1)[1]
    assert place.open().load(NETWORK, stored) == state_of(1)[0]


def check_saves_of_one_run_follow_each_other(place: Place) -> None:
    """A run saves every few seconds, and loads what it has saved."""
    store = place.open()
    stored = None
    for serial in range(1, 5):
        stored = write(place, store, serial, stored)
        assert stored.version == serial
        assert store.load(NETWORK, stored) == state_of(serial)[0]
    assert place.open().load(NETWORK, stored) == state_of(4)[0]


def check_targets_do_not_meet(place: Place) -> None:
    """Neither by name nor by nesting."""
    store = place.open()
    stored = write(place, store, 1, None)
    state, facts = state_of(9, lineage="other")
    other = store.save(NESTED, state, facts, 1, None)
    assert place.deliver(other.edits)
    again = place.open()
    assert again.load(NETWORK, stored) == state_of(1)[0]
    assert again.load(NESTED, other.stored) == state


def check_a_state_that_nothing_names_is_never_overlooked(place: Place) -> None:
    """A store that holds something, and a record that knows nothing of it."""
    write(place, place.open(), 1, None)
    stopped(lambda: place.open().load(NETWORK, None), 2, 7)


def check_a_state_that_is_gone_is_missed(place: Place) -> None:
    """The entry names one, and there is none."""
    _, facts = state_of(1)
    named = StoredState(facts=facts, store="x", version=1, ciphertext=digest_bytes(b""))
    refused("state-missing", lambda: place.open().load(NETWORK, named))


def check_a_newer_state_than_the_record_names_is_refused(place: Place) -> None:
    """A run stored and did not record."""
    store = place.open()
    first = write(place, store, 1, None)
    write(place, store, 2, first)
    refused("state-not-on-record", lambda: place.open().load(NETWORK, first))


def check_an_older_state_than_the_record_names_is_refused(place: Place) -> None:
    """The entry names version 2, the store has never seen it."""
    first = write(place, place.open(), 1, None)
    _, facts = state_of(2)
    named = StoredState(facts=facts, store=first.store, version=2, ciphertext=digest_bytes(b"x"))
    stopped(lambda: place.open().load(NETWORK, named), 7)


def check_of_two_writers_after_one_state_only_one_wins(place: Place) -> None:
    """Both began from the same version."""
    first = write(place, place.open(), 1, None)
    one, other = place.open(), place.open()
    state, facts = state_of(2, extra="one")
    winner = one.save(NETWORK, state, facts, 1, first)
    assert place.deliver(winner.edits)
    late, late_facts = state_of(2, extra="other")
    try:
        taken = place.deliver(other.save(NETWORK, late, late_facts, 1, first).edits)
    except HistoryMoved:
        taken = False
    assert not taken
    assert place.open().load(NETWORK, winner.stored) == state


def check_an_older_fence_writes_nothing(place: Place) -> None:
    """Law 7."""
    if not place.keeps_fences:
        return
    first = write(place, place.open(), 1, None, fence=5)
    state, facts = state_of(2)
    refused("state-fenced", lambda: place.open().save(NETWORK, state, facts, 4, first))
    refused("state-fenced", lambda: place.open().remove(NETWORK, 4))
    assert place.open().load(NETWORK, first) == state_of(1)[0]
    write(place, place.open(), 2, first, fence=6)


def check_kept_versions_can_be_read(place: Place) -> None:
    """Newest first, each with its facts and fence."""
    if not place.keeps_versions:
        return
    store = place.open()
    stored = None
    for serial in range(1, 4):
        stored = write(place, store, serial, stored, fence=serial)
    kept = place.open().versions(NETWORK)
    assert [each.stored.version for each in kept] == [3, 2, 1]
    assert [each.stored.facts.serial for each in kept] == [3, 2, 1]
    assert [each.fence for each in kept] == [3, 2, 1]
    assert kept[0].stored == stored
    for serial in range(1, 4):
        assert place.open().read_version(NETWORK, serial) == state_of(serial)[0]
    refused("state-version-unknown", lambda: place.open().read_version(NETWORK, 4))


def check_an_ended_target_can_begin_again(place: Place) -> None:
    """Removed, gone, and born again with versions that go on."""
    store = place.open()
    first = write(place, store, 1, None)
    assert place.deliver(store.remove(NETWORK, 2))
    again = place.open()
    assert again.load(NETWORK, None) is None
    stopped(lambda: again.load(NETWORK, first), 7)
    if place.keeps_versions:
        assert again.read_version(NETWORK, 1) == state_of(1)[0]
    assert place.deliver(again.remove(NETWORK, 2))
    reborn = write(place, again, 2, None, fence=3)
    assert place.open().load(NETWORK, reborn) == state_of(2)[0]


CHECKS: tuple[Callable[[Place], None], ...] = (
    check_an_empty_store_has_no_state,
    check_what_was_saved_is_loaded_by_another_process,
    check_saves_of_one_run_follow_each_other,
    check_targets_do_not_meet,
    check_a_state_that_nothing_names_is_never_overlooked,
    check_a_state_that_is_gone_is_missed,
    check_a_newer_state_than_the_record_names_is_refused,
    check_an_older_state_than_the_record_names_is_refused,
    check_of_two_writers_after_one_state_only_one_wins,
    check_an_older_fence_writes_nothing,
    check_kept_versions_can_be_read,
    check_an_ended_target_can_begin_again,
)
