"""Those who race for one lease, in clones of their own."""

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from runner.errors import LeaseHeld
from runner.git import Pushed
from runner.ledger.leases import TableLeases
from tests.ledger.ledger_parts import APP, NETWORK
from tests.ledger.people import Person
from tests.nets.soak import Round


@pytest.fixture
def ada(people: Callable[[str], Person]) -> Person:
    return people("ada")


@pytest.fixture
def bob(people: Callable[[str], Person]) -> Person:
    return people("bob")


def race(
    leases: TableLeases,
    name: str,
    run: str,
    start: threading.Barrier,
    got: list[str],
    failures: list[Exception],
) -> None:
    """One of those who try at the same moment."""
    start.wait()
    try:
        leases.take([NETWORK], run)
        got.append(name)
    except LeaseHeld:
        pass
    except Exception as error:  # noqa: BLE001
        failures.append(error)


@pytest.mark.slow
def test_two_who_race_for_a_lease_never_both_have_it(
    ada: Person, bob: Person, rounds: Callable[[int], list[Round]]
) -> None:
    fence = 0
    for turn in rounds(300):
        people = {person.name: person.leases() for person in (ada, bob)}
        barrier = threading.Barrier(2)
        got: list[str] = []
        failures: list[Exception] = []
        threads = [
            threading.Thread(
                target=race, args=(people[name], name, f"{name}-{turn.number}", barrier, got, failures)
            )
            for name in people
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(got) == 1
        leases = people[got[0]]
        assert leases.held(NETWORK).fence > fence
        fence = leases.held(NETWORK).fence
        standing = leases.standing("prod")
        assert [(each.lease.holder, each.mine) for each in standing] == [(got[0], True)]
        assert isinstance(leases.end(NETWORK), Pushed)


def test_of_eight_who_want_the_same_leases_at_once_one_has_them_all(people: Callable[[str], Person]) -> None:
    names = [f"person-{number}" for number in range(8)]
    wanted = {name: people(name).leases() for name in names}
    start = threading.Barrier(len(names))
    got: list[str] = []

    def take(name: str, leases: TableLeases) -> None:
        start.wait()
        with suppress(LeaseHeld):
            leases.take([NETWORK, APP], name)
            got.append(name)

    threads = [threading.Thread(target=take, args=each) for each in wanted.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = got
    standing = wanted[winner].standing("prod")
    assert [(each.lease.holder, each.lease.fence, each.mine) for each in standing] == [(winner, 1, True)] * 2
