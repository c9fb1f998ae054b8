"""Keeps what the engine has written: every change of its state is stored seconds later, while it runs (law 8)."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Event, Thread
from typing import Self

from runner.errors import RunnerError
from runner.git import Conflict, Delivery, Outbox, Pushed, Unsent
from runner.ledger import Leases
from runner.operations.session import Readied
from runner.vault import SavedState

LOOK_EVERY = 0.5
SAVE_EVERY = 5.0
"""Seconds. Together with a push they stay under the 10 s that DESIGN, section 4, promises."""


class StateKeeper:
    """Watches one state file from the moment an engine may write it. The lease is the fence: each write of the store
    goes with its guard. What cannot be stored now is tried again; the last version always goes with the entry."""

    def __init__(self, ready: Readied, file: Path, outbox: Outbox, leases: Leases) -> None:
        self.target = ready.target.name
        self.stored = ready.named
        self.trouble: str = ""
        self._file = file
        self._engine = ready.engine
        self._store = ready.store
        self._outbox = outbox
        self._leases = leases
        self._ended = Event()
        self._thread = Thread(target=self._watch, name=f"state of {self.target}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def read(self) -> bytes:
        """The state as it lies there; empty where there is none."""
        return self._file.read_bytes() if self._file.exists() else b""

    def save(self, state: bytes) -> SavedState:
        """What writes `state` as the version after the last stored one; for the submission with the entry."""
        fence = self._leases.fence(self.target)
        return self._store.save(self.target, state, self._engine.facts(state), fence, self.stored)

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
        return self.stored is None or self._engine.facts(state).digest != self.stored.facts.digest

    def _store_now(self) -> None:
        state = self.read()
        if not _is_whole(state):
            return
        saved = self.save(state)
        delivery: Delivery = Pushed(heads={}, blobs={})
        if saved.edits:
            guard = self._leases.guard(self.target)
            delivery = self._outbox.submit([*saved.edits, guard]).wait()
        match delivery:
            case Pushed():
                self.stored, self.trouble = saved.stored, ""
            case Conflict() | Unsent():
                self.trouble = getattr(delivery, "message", "the lease is not ours any more")


def _is_whole(state: bytes) -> bool:
    """Whether the engine has finished writing the file that we have read."""
    try:
        json.loads(state)
    except ValueError:
        return False
    return True
