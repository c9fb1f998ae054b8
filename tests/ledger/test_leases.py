"""Who holds what, in a real remote and in a real bucket, with clocks that are moved by hand."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from runner.errors import AskedWrongly, HistoryMoved, LeaseHeld, NoAnswer, OutcomeUnknown
from runner.git import Conflict, Delivery, Edit, Pushed
from runner.kit.clock import SystemClock
from runner.model.lease import Intent, Lease
from runner.model.names import TargetName
from tests.ledger.ledger_parts import APP, NETWORK
from tests.ledger.people import NOON, TERM, Person, note


@pytest.fixture
def ada(people: Callable[[str], Person]) -> Person:
    return people("ada")


@pytest.fixture
def bob(people: Callable[[str], Person]) -> Person:
    return people("bob")


def intent(run: str = "run-1") -> Intent:
    return Intent(run=run, purpose="apply", code="c1:code", commit="4" * 40, at=NOON)


def files(person: Person) -> set[str]:
    return set(person.leases()._table.read("prod"))


def is_refused(sending: Callable[[], Delivery]) -> bool:
    """Whether a lease that is another's kept something from being sent."""
    try:
        return isinstance(sending(), Conflict)
    except LeaseHeld:
        return True


def test_several_are_taken_in_one_push_and_named_to_the_next_who_asks(ada: Person, bob: Person) -> None:
    ada.leases().take([NETWORK, APP], "run-1")
    with pytest.raises(LeaseHeld) as caught:
        bob.leases().take([APP], "run-2")
    assert [each.code for each in caught.value.diagnostics] == ["lease-held"]
    assert "prod/eu/app" in str(caught.value)
    assert "ada on a-host, run run-1, since 2026-01-01 12:00:00" in str(caught.value)
    assert "runner unlock" in caught.value.diagnostics[0].hint
    assert bob.paused == 0
    assert files(bob) == {"leases/network.json", "leases/eu%2Fapp.json"}


def test_all_are_taken_or_none(ada: Person, bob: Person) -> None:
    ada.leases().take([APP], "run-1")
    with pytest.raises(LeaseHeld):
        bob.leases().take([NETWORK, APP], "run-2")
    assert [held.lease.target for held in bob.leases().standing("prod")] == [APP]


def test_the_fence_grows_with_each_taking(ada: Person, bob: Person) -> None:
    fences = []
    for turn, person in enumerate((ada, bob, ada, bob)):
        leases = person.leases()
        leases.take([NETWORK], f"run-{turn}")
        fences.append(leases.held(NETWORK).fence)
        assert isinstance(leases.end(NETWORK), Pushed)
    assert fences == [1, 2, 3, 4]


def test_leases_that_know_less_than_the_record_are_for_a_person_and_then_go_on_above_it(ada: Person) -> None:
    leases = ada.leases(floor=lambda _: 7)
    with pytest.raises(HistoryMoved, match="moved back or removed"):
        leases.take([NETWORK], "run-1")
    leases.take_over(NETWORK, "run-1")
    assert leases.held(NETWORK).fence == 8


def test_a_released_lease_leaves_its_fence_and_nothing_else(ada: Person) -> None:
    leases = ada.leases()
    leases.take([NETWORK, APP], "run-1")
    leases.renew()
    assert "renewals/run-1.json" in files(ada)
    leases.end(NETWORK, [note("done")])
    leases.end(APP)
    assert files(ada) == {"leases/network.json", "leases/eu%2Fapp.json"}
    assert leases.standing("prod") == []
    assert leases.renew() == TERM / 3
    assert "renewals/run-1.json" not in files(ada)


def test_what_is_written_under_a_lease_arrives_while_it_stands_and_also_across_renewals(
    ada: Person, bob: Person
) -> None:
    leases = ada.leases()
    leases.take([NETWORK], "run-1")
    (before,) = bob.leases().standing("prod")
    leases.renew()
    assert isinstance(leases.write(NETWORK, [note("one")]), Pushed)
    (after,) = bob.leases().standing("prod")
    assert after.blob == before.blob, "a sign of life leaves the lease as it is"
    assert isinstance(bob.leases().unlock(NETWORK, [note("broken")]), Pushed)
    assert is_refused(lambda: leases.write(NETWORK, [note("two")]))
    assert is_refused(lambda: leases.end(NETWORK, [note("three")]))
    remote = ada.desk.checkout.remote
    assert (
        ada.desk.checkout.git("--git-dir", str(remote), "show", "refs/runner/state/prod:network") == "broken"
    )


def test_a_fenced_write_after_a_takeover_is_refused(ada: Person, bob: Person) -> None:
    old = ada.leases()
    old.take([NETWORK], "run-1")
    bob.clock.advance(10 * TERM)
    bob.leases().take([NETWORK], "run-2")
    assert isinstance(old.write(NETWORK, [note("old")]), Conflict)
    assert ada.desk.checkout.git("ls-remote", "origin", "refs/runner/state/prod") == ""


def test_a_stale_lease_is_taken_over_after_its_term_was_watched(ada: Person, bob: Person) -> None:
    ada.leases().take([NETWORK], "run-1")
    bob.clock.advance(2 * TERM)
    leases = bob.leases()
    leases.take([NETWORK], "run-2")
    assert bob.paused >= TERM
    assert [each.code for each in bob.watched] == ["lease-watched"]
    assert leases.held(NETWORK).fence == 2


def test_what_was_watched_before_counts(ada: Person, bob: Person) -> None:
    ada.leases().take([NETWORK], "run-1")
    leases = bob.leases()
    leases.standing("prod")
    bob.clock.advance(TERM)
    leases.take([NETWORK], "run-2")
    assert bob.paused == 0


def test_a_holder_whose_clock_is_wrong_but_who_lives_keeps_its_lease(ada: Person, bob: Person) -> None:
    held = ada.leases()
    held.take([NETWORK], "run-1")
    bob.clock.advance(3600)
    living = bob.leases()

    def pause(seconds: float) -> None:
        bob.pause(seconds)
        held.renew()

    living._taking._pause = pause
    with pytest.raises(LeaseHeld):
        living.take([NETWORK], "run-2")
    assert bob.paused <= TERM / 3


def test_a_sign_of_life_at_the_last_moment_counts(ada: Person, bob: Person) -> None:
    held, other = ada.leases(), bob.leases()
    held.take([NETWORK], "run-1")
    held.renew()
    other.standing("prod")
    bob.clock.advance(TERM)
    submit = other._taking._table.submit

    class Slow:
        def submit(self, edits: tuple[Edit, ...], *, begun: Callable[[], None]) -> object:
            held.renew()
            return submit(edits, begun=begun)

    other._taking._table = Slow()  # type: ignore[assignment]
    with pytest.raises(LeaseHeld):
        other.take([NETWORK], "run-2")
    assert held.held(NETWORK).renewal == 2


def test_races_that_were_lost_before_a_push_arrived_do_not_age_a_lease(ada: Person) -> None:
    held = ada.leases()
    table = held._table

    class Contended:
        def submit(self, edits: tuple[Edit, ...], *, begun: Callable[[], None]) -> object:
            ada.clock.advance(0.6 * TERM)
            return table.submit(edits, begun=begun)

    held._taking._table = Contended()  # type: ignore[assignment]
    held.take([NETWORK], "run-1")
    assert held.held(NETWORK).fence == 1
    held._table = Contended()  # type: ignore[assignment]
    held.announce(NETWORK, intent())
    assert held.held(NETWORK).intent
    assert not held.lost()


def test_a_run_that_is_known_to_be_dead_is_followed_at_once(ada: Person, bob: Person) -> None:
    ada.leases().take([NETWORK], "run-1")
    leases = bob.leases(dead=lambda lease: lease.run == "run-1")
    leases.take([NETWORK], "run-2")
    assert bob.paused == 0


def test_waiting_for_somebody_else_ends_when_he_is_done(ada: Person, bob: Person) -> None:
    held = ada.leases()
    held.take([NETWORK], "run-1")
    waiting = bob.leases(wait=30.0)

    def pause(seconds: float) -> None:
        bob.pause(seconds)
        held.end(NETWORK)

    waiting._taking._pause = pause
    waiting.take([NETWORK], "run-2")
    with pytest.raises(LeaseHeld):
        ada.leases(wait=30.0).take([NETWORK], "run-3")
    assert ada.paused == 30.0


def test_an_announced_change_without_an_outcome_is_told_and_not_taken(ada: Person, bob: Person) -> None:
    held = ada.leases()
    held.take([NETWORK], "run-1")
    held.announce(NETWORK, intent())
    assert held.held(NETWORK).intent == intent()
    leases = bob.leases(dead=lambda _: True)
    with pytest.raises(OutcomeUnknown, match="run-1") as caught:
        leases.take([NETWORK], "run-2")
    assert caught.value.diagnostics[0].hint == "`runner state recover prod/network`"
    assert "444444444444" in str(caught.value)


def test_recovering_takes_the_intent_over_and_the_release_ends_it(ada: Person, bob: Person) -> None:
    held = ada.leases()
    held.take([NETWORK], "run-1")
    held.announce(NETWORK, intent())
    with pytest.raises(LeaseHeld):
        bob.leases().take_over(NETWORK, "run-2")
    leases = bob.leases(dead=lambda lease: lease.run == "run-1")
    leases.take_over(NETWORK, "run-2")
    assert leases.held(NETWORK).intent == intent()
    assert leases.fence(NETWORK) == 2
    leases.end(NETWORK)
    ada.leases().take([NETWORK], "run-3")


def test_what_a_run_gives_back_without_an_entry_keeps_its_intent(ada: Person, bob: Person) -> None:
    held = ada.leases()
    held.take([NETWORK, APP], "run-1")
    held.announce(NETWORK, intent())
    held.renew()
    held.release_all()
    assert "renewals/run-1.json" not in files(bob)
    leases = bob.leases()
    leases.take([APP], "run-2")
    with pytest.raises(OutcomeUnknown):
        leases.take([NETWORK], "run-2")
    assert {each.lease.target: each.mine for each in leases.standing("prod")} == {APP: True, NETWORK: False}


def test_giving_back_goes_on_when_one_was_taken_away(ada: Person, bob: Person) -> None:
    held = ada.leases()
    held.take([NETWORK, APP], "run-1")
    bob.leases().unlock(NETWORK, [note("broken")])
    bob.leases().take([NETWORK], "run-2")
    held.release_all()
    assert [each.lease.run for each in bob.leases().standing("prod")] == ["run-2"]


def test_a_broken_lease_keeps_its_intent_and_is_noticed_by_its_holder(ada: Person, bob: Person) -> None:
    held = ada.leases()
    held.take([NETWORK, APP], "run-1")
    held.announce(NETWORK, intent())
    assert isinstance(bob.leases().unlock(NETWORK, [note("broken")]), Pushed)
    held.renew()
    assert ada.lost == [NETWORK]
    assert [each.code for each in held.lost()] == ["lease-lost"]
    assert "bob broke it" in held.lost()[0].message
    with pytest.raises(LeaseHeld):
        held.held(NETWORK)
    with pytest.raises(LeaseHeld):
        held.write(NETWORK, [note("mine")])
    assert held.held(APP).renewal == 1
    with pytest.raises(OutcomeUnknown):
        bob.leases().take([NETWORK], "run-2")
    with pytest.raises(AskedWrongly):
        bob.leases().unlock(NETWORK, [note("again")])


@pytest.mark.parametrize("signs", [0, 2])
def test_who_holds_a_lease_is_asked_to_stop_once_and_finds_it_when_it_renews(
    ada: Person, bob: Person, signs: int
) -> None:
    held = ada.leases()
    held.take([NETWORK, APP], "run-1")
    for _ in range(signs):
        held.renew()
    assert isinstance(bob.leases().ask_to_stop(NETWORK, "wrong commit", [note("asked")]), Pushed)
    assert ada.stopped == []
    for _ in range(3):
        held.renew()
    assert ada.stopped == ["bob: wrong commit"]
    assert held.held(NETWORK).fence == 1, "it stays its own, so that what was done can be recorded"
    assert (ada.lost, held.lost()) == ([], [])
    assert isinstance(held.end(NETWORK, [note("done")]), Pushed)
    assert isinstance(held.end(APP, [note("done too")]), Pushed)
    with pytest.raises(AskedWrongly):
        bob.leases().ask_to_stop(NETWORK, "late", [note("late")])
    assert not [each for each in files(bob) if each.startswith("renewals/")]


def test_a_lease_that_could_not_be_renewed_by_half_its_term_is_lost_but_can_still_be_recorded(
    ada: Person,
) -> None:
    held = ada.leases()
    held.take([NETWORK], "run-1")
    ada.clock.advance(TERM / 2)
    assert held.held(NETWORK).fence == 1
    ada.clock.advance(1)
    with pytest.raises(LeaseHeld) as caught:
        held.held(NETWORK)
    assert caught.value.diagnostics[0].code == "lease-lost"
    held.renew()
    assert held.held(NETWORK).fence == 1  # nobody was told yet: what arrives in time mends it
    ada.clock.advance(TERM)
    ada.cut_off()
    assert held.renew() < TERM / 3
    assert ada.lost == [NETWORK]
    ada.mend()
    held.renew()
    with pytest.raises(LeaseHeld):
        held.held(NETWORK)
    assert ada.lost == [NETWORK]
    assert isinstance(held.end(NETWORK, [note("done")]), Pushed)


def test_the_ledger_is_opened_before_the_first_intent(ada: Person) -> None:
    opened: list[str] = []
    held = ada.leases(before_intent=opened.append)
    held.take([NETWORK, APP], "run-1")
    assert opened == []
    held.announce(NETWORK, intent())
    held.announce(APP, intent())
    assert opened == ["prod"]


def test_an_intent_that_cannot_be_sent_is_refused_and_nothing_stands_there(ada: Person, bob: Person) -> None:
    held = ada.leases()
    held.take([NETWORK], "run-1")
    ada.cut_off()
    with pytest.raises(NoAnswer):
        held.announce(NETWORK, intent())
    assert [each.lease.intent for each in bob.leases().standing("prod")] == [None]


def test_the_background_renews_without_being_asked(ada: Person) -> None:
    held = ada.leases(clock=SystemClock(), term=6.0)
    held.take([NETWORK], "run-1")
    seen = threading.Event()
    while held.held(NETWORK).renewal < 2:  # ends: a lease that is not renewed is lost, and raises
        seen.wait(0.02)
    held.release_all()
    assert held.standing("prod") == []


def test_announcing_releasing_and_renewing_at_once_lose_nothing(ada: Person) -> None:
    targets = [TargetName(environment="prod", stack=f"s{number}") for number in range(12)]
    held = ada.leases()
    held.take(targets, "run-1")
    failures: list[object] = []

    def work(target: TargetName) -> None:
        try:
            held.announce(target, intent())
            if not isinstance(delivery := held.write(target, [note(target.stack)]), Pushed):
                failures.append(delivery)
            if not isinstance(delivery := held.end(target), Pushed):
                failures.append(delivery)
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work, args=(target,)) for target in targets]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        held.renew()
    for thread in threads:
        thread.join()
    assert failures == []
    assert ada.lost == []
    assert held.standing("prod") == []


def test_times_far_apart_are_only_a_hint(ada: Person, bob: Person) -> None:
    ada.clock.advance(timedelta(days=1).total_seconds())
    held: Lease
    leases = ada.leases()
    leases.take([NETWORK], "run-1")
    held = leases.held(NETWORK)
    bob.leases().take([NETWORK], "run-2")  # its clock says tomorrow: watched, and it never moved
    assert bob.paused >= TERM
    assert held.taken_at > bob.clock.now()
