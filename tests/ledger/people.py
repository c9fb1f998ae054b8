"""Somebody with a clone, a clock that is moved by hand, and leases."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from runner.diagnostics import Diagnostic
from runner.git import Delivery, Edit
from runner.kit.clock import SetClock
from runner.ledger.leases import GitLeases
from runner.ledger.taking import Terms
from runner.model.names import TargetName
from tests.ledger.ledger_parts import Desk

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TERM = 60.0


@dataclass
class Person:
    """Somebody with a clone, a clock and leases. `watched` are the notes, `lost` the targets told as lost."""

    desk: Desk
    clock: SetClock
    name: str
    paused: float = 0.0
    watched: list[Diagnostic] = field(default_factory=list)
    lost: list[TargetName] = field(default_factory=list)

    def leases(self, **terms: object) -> GitLeases:
        settled = Terms(
            holder=self.name, host="a-host", term=TERM, on_lost=self.lost.append, watching=self.watched.append
        )
        return GitLeases(
            self.desk.refs,
            self.desk.outbox,
            replace(settled, **terms),  # type: ignore[arg-type]
            clock=self.clock,
            pause=self.pause,
            background=False,
        )

    def pause(self, seconds: float) -> None:
        self.paused += seconds
        self.clock.advance(seconds)

    def send(self, *edits: Edit) -> Delivery:
        return self.desk.outbox.submit(edits).wait()
