"""The record in Git refs (`refs/runner/live/<environment>`): entries and what is live; leases and intents, also in S3.

Refuses to rewrite history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.git import Delivery, Edit
from runner.model.change import Output
from runner.model.entry import Deployment, Entry, Resource
from runner.model.lease import Intent, Lease
from runner.model.names import TargetName
from runner.model.pending import PendingApply


class Writing(Struct, frozen=True, kw_only=True):
    """An entry to write, with what it makes live. `deployment` None: what is live stays as it is (an unlock).
    `outputs`, `resources` None: leave the recorded ones as they are. An entry of kind freeze adds itself to the
    environment's freezes by hand, one of kind thaw ends those of its stacks, or, where it names none, all."""

    entry: Entry
    deployment: Deployment | None = None
    outputs: Mapping[str, Output] | None = None
    resources: Sequence[Resource] | None = None


class Ledger(Protocol):
    """The record. Reads are of the last `refresh`; HistoryMoved (7) when what is read does not verify."""

    def refresh(self, environments: Sequence[str]) -> None:
        """Fetches and verifies the new part of each environment's chain since the last verified head (remembered in
        the Git directory): first-parent chain, signatures where required, monotone fences, serials per lineage."""

    def environments(self) -> tuple[str, ...]:
        """Those that have a ledger."""

    def identity(self, environment: str) -> str:
        """The ledger's random id; empty where there is none yet."""

    def open(self, environment: str, identity: str = "") -> str:
        """Opens a ledger where there is none yet, at the remote, with that id or a random one, and gives the id that it
        has; before the first intent. NoAnswer when the remote does not take it."""

    def live(self, environment: str) -> Mapping[str, Deployment]:
        """What is live: stack -> deployment, ended ones left out, in one read."""

    def entries(self, environment: str, stack: str = "", limit: int = 0) -> Iterator[Entry]:
        """Newest first."""

    def entry(self, environment: str, id: str) -> Entry:
        """One entry by its commit id (or a unique prefix). AskedWrongly when there is none."""

    def resources(self, target: TargetName, id: str = "") -> Sequence[Resource]:
        """The resources of a target as recorded by the entry `id` (empty: now); values are open where they were plain
        or the key at hand opens them, else sealed, or absent."""

    def freezes(self, environment: str) -> Mapping[str, str]:
        """Freezes by hand of the whole environment that stand: id -> reason with who and when; empty when none."""

    def frozen_targets(self, environment: str) -> Mapping[TargetName, str]:
        """Single targets that somebody froze: the reason of each with who and when."""

    def record(self, writing: Writing) -> tuple[Edit, ...]:
        """The edits that write an entry; they go into one submission with the state's and the lease's. AskedWrongly
        `ledger-not-open` before `open`."""

    def written_by(self, edits: Sequence[Edit]) -> Entry | None:
        """The entry that `edits`, which `record` made once, would write; None where there is none we can read."""

    def fence(self, target: TargetName) -> int:
        """The highest fence on record; 0 where there is none. A new lease's is higher."""

    def outputs(self, target: TargetName) -> Mapping[str, Output]:
        """What the record tells people of a target's outputs; values as `ledger.values` left them, else None."""

    def touching(self, target: TargetName, address: str) -> Iterator[Entry]:
        """Entries that changed one recorded resource, newest first."""

    def verify(self, environment: str) -> int:
        """Verifies the whole chain again, with every signature, and gives the number of entries. HistoryMoved."""


class PendingApplies(Protocol):
    """The pending applies. They are told, and open nothing: who may apply is asked anew each time."""

    def standing(self, environment: str, *, refresh: bool = True) -> Mapping[TargetName, PendingApply]:
        """Those of an environment; one that nobody can read is told anew by the next run. `refresh` False: as they were
        fetched last. NoAnswer."""

    def replace(self, environment: str, waiting: Iterable[PendingApply], over: Iterable[TargetName]) -> bool:
        """What waits now, and what does no more; one push, and none where all stands so already. Whether it arrived:
        the next run tells it anew."""


class HeldLease(Struct, frozen=True, kw_only=True):
    """A lease as it stands: `blob` the id of what says so, `mine` whether this run holds it."""

    lease: Lease
    blob: str
    mine: bool


class Leases(Protocol):
    """Leases of the targets of an environment. Where one stands (a Git ref, a bucket) is its brand's to know."""

    def take(self, targets: Sequence[TargetName], run: str) -> None:
        """Takes all at once, or raises LeaseHeld naming holder, host, since when and the way out. An expired one
        (unchanged for its term while we watch) is taken over with a higher fence; one that carries an intent raises
        OutcomeUnknown instead. Renews them in the background from then on."""

    def take_over(self, target: TargetName, run: str) -> None:
        """Takes a lease that is known to be dead or expired, with its intent if it has one; also one that is free.
        LeaseHeld while its holder lives."""

    def held(self, target: TargetName) -> Lease:
        """Our lease. LeaseHeld `lease-lost` when it could not be renewed by half its term or is another's."""

    def fence(self, target: TargetName) -> int:
        """The fence of the lease that we took, lost or not: for recording what was done under it."""

    def announce(self, target: TargetName, intent: Intent) -> None:
        """Returns when the intent stands beside the lease, for all to see."""

    def write(self, target: TargetName, edits: Sequence[Edit]) -> Delivery:
        """Sends `edits` while our lease stands, and only then: the fence; the lease stays. Also after it counts as lost
        for want of renewal: whether it is still ours is then for its place to say. LeaseHeld `lease-lost` when it is
        another's, or a Conflict."""

    def end(self, target: TargetName, edits: Sequence[Edit] = (), *, keep: bool = False) -> Delivery:
        """Sends the last `edits` of a target, and ends our lease and its intent when they have arrived; `keep`: see
        Outbox. Raises as `write`."""

    def release_all(self) -> None:
        """Gives back what this run still holds; intents stay."""

    def unlock(self, target: TargetName, edits: Sequence[Edit]) -> Delivery:
        """Breaks whoever's lease it is, and sends `edits`, which put it on the record; an intent stays and is told to
        the next taker. AskedWrongly `not-locked` where there is none; a Conflict where it moved."""

    def ask_to_stop(self, target: TargetName, because: str, edits: Sequence[Edit]) -> Delivery:
        """Asks the run that holds it to stop, in our holder's name, and sends `edits`, which put that on the record.
        The run finds it when it renews its leases. AskedWrongly `not-locked`; a Conflict where it moved each time."""

    def standing(self, environment: str) -> Sequence[HeldLease]:
        """All leases that stand."""

    def lost(self) -> Sequence[Diagnostic]:
        """Leases that were lost so far, and why."""
