"""Two who race for one lease, round after round, in two clones."""

import threading
from collections.abc import Callable

import pytest

from runner.errors import LeaseHeld
from runner.git import Pushed
from runner.kit.clock import SetClock
from runner.ledger.leases import GitLeases
from tests.ledger.ledger_parts import NETWORK, Desk
from tests.ledger.people import NOON, Person
from tests.nets.soak import Round


@pytest.fixture
def ada(desks: Callable[..., Desk]) -> Person:
    return Person(desks("ada"), SetClock(NOON), "ada")


@pytest.fixture
def bob(desks: Callable[..., Desk]) -> Person:
    return Person(desks("bob"), SetClock(NOON), "bob")


def race(
    leases: GitLeases,
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
        winner, leases = (ada if got == ["ada"] else bob), people[got[0]]
        assert leases.held(NETWORK).fence > fence
        fence = leases.held(NETWORK).fence
        standing = leases.standing("prod")
        assert [(each.lease.holder, each.mine) for each in standing] == [(got[0], True)]
        assert isinstance(winner.send(leases.release(NETWORK)), Pushed)
