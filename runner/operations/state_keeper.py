"""Keeps what the engine has written: every change of its state is stored seconds later, while it runs (law 8)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Self, assert_never

from runner.errors import RunnerError
from runner.git import Conflict, Delivery, Pushed, Unsent
from runner.ledger import Leases
from runner.operations.session import Readied
from runner.operations.tools import Record
from runner.vault import SavedState

LOOK_EVERY = 0.5
SAVE_EVERY = 5.0
"""Seconds. Together with a push they stay under the 10 s that DESIGN, section 4, promises."""

TELL_AFTER = 10.0
"""Seconds: what DESIGN promises is broken then."""


class StateKeeper:
    """Watches one state file from the moment an engine may write it. The lease is the fence: what the store writes at
    the record's remote goes under it. What cannot be stored now is tried again; the last version always goes with the
    entry. `tell` is called once, with the reason, when a change could not be stored for TELL_AFTER seconds."""

    def __init__(
        self, ready: Readied, file: Path, record: Record, leases: Leases, tell: Callable[[str], None]
    ) -> None:
        self.target = ready.target.name
        self.stored = ready.named
        self.trouble: str = ""
        self._file = file
        self._engine = ready.engine
        self._store = ready.store
        self._record = record
        self._leases = leases
        self._tell = tell
        self._late: Timer | None = None  # from the first change that could not be stored, until one is
        self._told = False
        self._before = ""  # the digest of what lay there when the engine began
        self._ended = Event()
        self._thread = Thread(target=self._watch, name=f"state of {self.target}", daemon=True)

    def __enter__(self) -> Self:
        if state := self.read():
            self._before = self._engine.facts(state).digest
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._in_time()

    def read(self) -> bytes:
        """The state as it lies there; empty where there is none."""
        return self._file.read_bytes() if self._file.exists() else b""

    def save(self, state: bytes) -> SavedState:
        """What writes `state` as the version after the last stored one; for the submission with the entry."""
        fence = self._leases.fence(self.target)
        return self._store.save(self.target, state, self._engine.facts(state), fence, self.stored)

    def caught_up(self) -> bool:
        """Looks again after a conflict: whether what stands is a save of ours that was given up and arrived since. The
        next one follows it then."""
        self._record.ledger.refresh([self.target.environment])
        ours = self._store.arrived(self.target)
        self.stored = ours or self.stored
        return ours is not None

    def _watch(self) -> None:
        waited = SAVE_EVERY
        while not self._ended.wait(LOOK_EVERY):
            waited += LOOK_EVERY
            try:
                if waited >= SAVE_EVERY and self._changed():
                    waited = 0.0
                    self._store_now()
            except (RunnerError, OSError) as error:  # the next look may do better; the entry's save tells
                self.trouble = str(error)

    def _changed(self) -> bool:
        state = self.read()
        if not state or not _is_whole(state):
            return False
        digest = self._engine.facts(state).digest
        return digest != (self.stored.facts.digest if self.stored else self._before)

    def _store_now(self) -> None:
        if self._late is None and not self._told:
            self._late = Timer(TELL_AFTER, self._tell_once)
            self._late.daemon = True
            self._late.start()
        delivery = self._saved()
        if isinstance(delivery, Conflict) and self.caught_up():
            delivery = self._saved()
        match delivery:
            case Pushed():
                self.trouble = ""
                self._in_time()
            case Conflict(ref=ref):
                self.trouble = f"`{ref}` says that the lease, or the state that stands, is not ours any more"
            case Unsent(message=message):
                self.trouble = message
            case _:
                assert_never(delivery)

    def _saved(self) -> Delivery:
        state = self.read()
        if not _is_whole(state):
            return Pushed(heads={}, blobs={})
        saved = self.save(state)
        delivery: Delivery = Pushed(heads={}, blobs={})
        if saved.edits:
            delivery = self._leases.write(self.target, saved.edits)
        if isinstance(delivery, Pushed):
            self.stored = saved.stored
        return delivery

    def _tell_once(self) -> None:
        self._told = True
        self._tell(self.trouble or "the remote has not answered yet")

    def _in_time(self) -> None:
        if self._late:
            self._late.cancel()
            self._late = None


def _is_whole(state: bytes) -> bool:
    """Whether the engine has finished writing the file that we have read."""
    try:
        json.loads(state)
    except ValueError:
        return False
    return True
