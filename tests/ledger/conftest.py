"""Desks: clones with an open ledger of `prod`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from runner.kit.clock import SetClock
from tests.checkout import Checkout, new_clone
from tests.ledger.ledger_parts import Desk, desk
from tests.ledger.people import NOON, Bucket, Person, objects_at


@pytest.fixture
def desks(repository: Checkout, git_remote: Path, tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """`desks("ada")`: a clone of its own for each name, at one remote; the other arguments are the desk's."""
    open_ones: list[Desk] = []

    def at(name: str, **settings: Any) -> Desk:
        place = tmp_path / name
        checkout = (
            Checkout(place, git_remote)
            if place.exists()
            else new_clone(git_remote, place, person=name.title())
        )
        made = desk(checkout, **settings)
        open_ones.append(made)
        return made

    yield at
    for each in open_ones:
        each.close()


@pytest.fixture
def ada(desks: Callable[..., Desk]) -> Desk:
    """A desk whose ledger of `prod` is open."""
    made = desks("ada")
    made.book.open("prod")
    return made


@pytest.fixture(params=["git", "s3"])
def people(request: pytest.FixtureRequest, desks: Callable[..., Desk]) -> Callable[[str], Person]:
    """`people("ada")`: somebody whose leases stand in Git, and in a bucket; the others' stand there too."""
    objects = objects_at(str(request.getfixturevalue("moto_server"))) if request.param == "s3" else None
    prefix = uuid4().hex

    def person(name: str) -> Person:
        bucket = Bucket(objects) if objects else None
        return Person(desks(name), SetClock(NOON), name, bucket=bucket, prefix=prefix)

    return person
