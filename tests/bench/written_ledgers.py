"""Ledgers as many applies would have left them, written by the ledger's own writer in a few pushes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from runner.git import Pushed
from runner.kit.stop import Stop
from runner.ledger import Writing
from runner.model.entry import Actor, Deployment, Entry, EntryKind, Resource, Result, StoredState
from runner.model.names import TargetName
from runner.model.plan import Digests, StateFacts
from runner.operations.survey import Survey, survey
from runner.operations.workplace import closure_at
from runner.wiring.benches import open_bench
from tests.bench.yard import variables

ENVIRONMENT = "prod"
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scribe:
    """Writes entries of one clone, as of its checked-out commit."""

    whole: Survey

    def stacks(self) -> list[str]:
        """All stacks of the environment."""
        return sorted(name.stack for name in self.whole.wishes.targets)

    def open(self) -> None:
        """Opens the environment's ledger."""
        self.whole.record.ledger.open(ENVIRONMENT)

    def write(self, rounds: int, resources: Sequence[Resource] | None = None) -> str:
        """Each stack applied `rounds` times; the ledger's head after that."""
        record = self.whole.record
        self.open()
        tickets = []
        for turn in range(rounds):
            for number, stack in enumerate(self.stacks()):
                fence = record.ledger.fence(TargetName(environment=ENVIRONMENT, stack=stack)) + turn + 1
                at = _BEGAN + timedelta(minutes=turn * 1000 + number)
                tickets.append(
                    record.outbox.submit(record.ledger.record(self._writing(stack, fence, at, resources)))
                )
        delivery = [ticket.wait() for ticket in tickets][-1]
        assert isinstance(delivery, Pushed), delivery
        record.ledger.refresh([ENVIRONMENT])
        return next(iter(delivery.heads.values()))

    def _writing(self, stack: str, fence: int, at: datetime, resources: Sequence[Resource] | None) -> Writing:
        target = self.whole.wishes.targets[TargetName(environment=ENVIRONMENT, stack=stack)]
        closure = closure_at(self.whole, target)
        parts = {name: f"c1:{name}" for name in ("changes", "outputs", "inputs", "engine", "lineage", "plan")}
        entry = Entry(
            target=target.name,
            kind=EntryKind.APPLY,
            result=Result.SUCCEEDED,
            commit=self.whole.revision.commit,
            law=self.whole.law,
            actor=Actor(name="ada@example.test"),
            run=f"{at:%Y%m%dT%H%M%SZ}-{fence:06x}",
            at=at,
            digests=Digests(**parts, code=closure.code),
            settings=closure.settings,
            engine="terraform 1.11.4 (PATH)",
            state=StoredState(
                facts=StateFacts(lineage=f"lineage-of-{stack}", serial=fence, digest="d" * 64),
                store="git",
                version=fence,
                ciphertext="e" * 64,
            ),
            fence=fence,
            counts={"update": 1},
        )
        directory = target.stack.directory
        deployment = Deployment(target=target.name, last=entry, good=entry, outputs={}, directory=directory)
        return Writing(entry=entry, deployment=deployment, outputs=None, resources=resources)


@contextmanager
def scribe(clone: Path) -> Iterator[Scribe]:
    """A writer for `clone`; what it wrote is at the remote afterwards."""
    bench = open_bench(clone, tell=lambda _: None, ask=None, stop=Stop(), variables=variables())
    whole = survey(bench, worktree=False)
    try:
        yield Scribe(whole)
    finally:
        whole.record.outbox.close()
        bench.tools.repository.close()
