"""Terraform's lock files as S3 objects: `<state>.tflock`, taken where none stands. Of two machines whose ledgers
know nothing of each other only one works on a state.

Inside one ledger the lease decides: a lock that a lower fence of the same ledger left behind is taken over.
"""

from __future__ import annotations

import getpass
import json
import secrets
import socket
from datetime import datetime

from msgspec import Struct

from runner.cloud import ObjectStore
from runner.diagnostics import Diagnostic
from runner.errors import LeaseHeld
from runner.kit.canonical import encode
from runner.kit.clock import Clock
from runner.model.names import TargetName

ROUNDS = 5
"""How often a lock that vanished while it was looked at is tried again."""


class LockFile(Struct, frozen=True, kw_only=True):
    """What a lock says; `ledger` and `fence` are ours to say, empty and 0 in one that Terraform wrote."""

    id: str
    who: str
    created: str
    ledger: str = ""
    fence: int = 0


class LockObjects:
    """The locks that this process holds in one bucket."""

    def __init__(self, objects: ObjectStore, clock: Clock, *, ledger: str) -> None:
        self._objects = objects
        self._clock = clock
        self._ledger = ledger
        self._held: dict[TargetName, tuple[str, str]] = {}

    def take(self, target: TargetName, state_key: str, run: str, fence: int) -> None:
        """Takes the lock of the state at `state_key`, or raises LeaseHeld `state-locked` with who, and since when."""
        if target in self._held:
            return
        key, nonce = f"{state_key}.tflock", secrets.token_hex(16)
        content = self._content(state_key, nonce, run, fence)
        for _ in range(ROUNDS):
            standing = self._objects.get(key)
            lock = read_lock(standing.content) if standing else None
            if lock and not (lock.ledger == self._ledger and lock.fence < fence):
                raise _locked(target, lock, key)
            if (
                self._objects.put(key, content, after=standing.etag if standing else None, metadata={})
                is not None
            ):
                self._held[target] = (key, nonce)
                return
        raise _locked(target, None, key)

    def give_back(self, target: TargetName) -> None:
        """Removes our lock; one that somebody has taken over since stays."""
        key, nonce = self._held.pop(target, ("", ""))
        standing = self._objects.get(key) if key else None
        lock = read_lock(standing.content) if standing else None
        if lock and lock.id == nonce:
            self._objects.delete(key)

    def _content(self, state_key: str, id: str, run: str, fence: int) -> bytes:
        return encode(
            {
                "ID": id,
                "Operation": "OperationTypeApply",
                "Info": json.dumps({"runner": run, "ledger": self._ledger, "fence": fence}),
                "Who": f"{_user()}@{socket.gethostname()}",
                "Version": "",
                "Created": self._clock.now().isoformat().replace("+00:00", "Z"),
                "Path": state_key,
            }
        )


def read_lock(content: bytes) -> LockFile:
    """A lock file, ours or Terraform's; one that cannot be read is held by nobody we know."""
    try:
        table = json.loads(content)
        lock = LockFile(
            id=str(table["ID"]), who=str(table.get("Who", "")), created=str(table.get("Created", ""))
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return LockFile(id="", who="", created="")
    try:
        ours = json.loads(table["Info"])
        return LockFile(
            id=lock.id, who=lock.who, created=lock.created, ledger=ours["ledger"], fence=int(ours["fence"])
        )
    except (ValueError, KeyError, TypeError):
        return lock


def _locked(target: TargetName, lock: LockFile | None, key: str) -> LeaseHeld:
    who = lock.who if lock and lock.who else "somebody"
    since = f" since {_instant(lock.created)}" if lock and lock.created else ""
    message = f"the state of `{target}` is locked by {who}{since} (`{key}`)"
    hint = "wait for it; if that machine is gone, look what it did, then delete the lock object"
    return LeaseHeld(Diagnostic(code="state-locked", message=message, hint=hint))


def _instant(text: str) -> str:
    try:
        return datetime.fromisoformat(text).isoformat(timespec="seconds")
    except ValueError:
        return "an unreadable time"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name for this uid
        return "unknown"
