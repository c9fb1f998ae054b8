"""A ledger on a real remote, and entries to write into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from runner.git import Conflict, Pushed, Unsent
from runner.git.history import CloneHistory
from runner.git.outbox import RemoteOutbox
from runner.git.place import RefNaming
from runner.git.refs import RemoteRefs
from runner.git.repository import Repository
from runner.ledger import Writing
from runner.ledger.book import Book, Place
from runner.ledger.recorded_values import Values
from runner.ledger.verification import Signing
from runner.model.entry import Actor, Deployment, Entry, EntryKind, Resource, Result, StoredState
from runner.model.names import TargetName
from runner.model.plan import Digests, StateFacts
from runner.model.references import Json
from tests.checkout import Checkout

NETWORK = TargetName(environment="prod", stack="network")
APP = TargetName(environment="prod", stack="eu/app")
LIVE = "refs/runner/live/prod"
LOCKS = "refs/runner/locks/prod"


class Reversing:
    """A seal that everybody can open, bound to its place: for tests of where values stand."""

    def seal(self, target: TargetName, address: str, path: str, value: Json) -> str:
        return f"{target}|{address}|{path}|{str(value)[::-1]}"

    def open(self, target: TargetName, address: str, path: str, sealed: str) -> Json:
        place, _, text = sealed.rpartition("|")
        assert place == f"{target}|{address}|{path}"
        return text[::-1]


def entry(number: int = 1, target: TargetName = NETWORK, **fields: object) -> Entry:
    """An entry whose every field says something; `number` tells them apart."""
    plain = Entry(
        target=target,
        kind=EntryKind.APPLY,
        result=Result.SUCCEEDED,
        commit="",
        law="1" * 40,
        actor=Actor(name="ada@example.test"),
        run=f"run-{number}",
        at=datetime(2026, 1, 1, 12, number % 60, tzinfo=UTC),
        digests=Digests(
            **{
                name: f"c1:{name}-{number}"
                for name in ("changes", "outputs", "code", "inputs", "engine", "lineage")
            },
            plan=f"c1:plan-{number}",
        ),
        engine="terraform 1.11.4 (PATH)",
        state=state(serial=number),
        fence=number,
        counts={"create": 1, "update": 2},
        because="the code differs",
    )
    return replace(plain, **fields)


def state(serial: int = 1, lineage: str = "aaaa-bbbb") -> StoredState:
    facts = StateFacts(lineage=lineage, serial=serial, digest="d" * 64)
    return StoredState(facts=facts, store="git", version=serial, ciphertext="e" * 64)


def deployed(last: Entry, good: Entry | None = None) -> Deployment:
    return Deployment(
        target=last.target,
        last=last,
        good=good or last,
        outputs={"id": False},
        directory="stacks/network",
        resources=1,
    )


def resource(address: str, **attributes: Json) -> Resource:
    return Resource(address=address, type="null", provider="hashicorp/null", id="i-1", attributes=attributes)


@dataclass
class Desk:
    """One clone's view of the record."""

    checkout: Checkout
    repository: Repository
    refs: RemoteRefs
    outbox: RemoteOutbox
    history: CloneHistory
    book: Book

    def write(self, written: Entry, **fields: object) -> str:
        """Records an entry and gives its commit."""
        deployment = fields.pop("deployment", deployed(written) if written.target.stack else None)
        writing = Writing(entry=written, deployment=deployment, **fields)  # type: ignore[arg-type]
        delivery = self.outbox.submit(self.book.record(writing)).wait()
        match delivery:
            case Pushed(heads=heads):
                self.book.refresh(["prod"])
                return heads[LIVE]
            case Conflict() | Unsent():
                raise AssertionError(delivery)

    def close(self) -> None:
        self.outbox.close()
        self.repository.close()


def desk(
    checkout: Checkout, *, signing: Signing | None = None, values: Callable[[str], Values] | None = None
) -> Desk:
    repository = Repository.open(checkout.path)
    refs, outbox = (
        RemoteRefs(repository, "origin", RefNaming()),
        RemoteOutbox(repository, "origin", RefNaming()),
    )
    history = CloneHistory(repository)
    place = Place(name="remote/origin", directory=Path(repository.git_directory) / "runner")
    book = Book(refs, history, outbox, place, signing=signing, values=values or (lambda _: Values()))
    return Desk(checkout, repository, refs, outbox, history, book)
