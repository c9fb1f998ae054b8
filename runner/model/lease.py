"""A lock with holder, nonce, expiry and fence number, and the intent that is announced before anything changes."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from runner.model.names import TargetName


class Intent(Struct, frozen=True, kw_only=True):
    """Said at the remote before an engine may change anything. `purpose`: apply | destroy | surgery. `process`: the id
    of the engine's process on the lease's host, where it keeps locks of its own and has begun; else 0."""

    run: str
    purpose: str
    code: str
    commit: str
    at: datetime
    process: int = 0


class Lease(Struct, frozen=True, kw_only=True):
    """`fence` grows by one with each taking of the target's lease; `renewal` changes with each renewal, so that an
    observer sees life; `term` seconds."""

    target: TargetName
    holder: str
    host: str
    run: str
    nonce: str
    fence: int
    renewal: int
    term: float
    taken_at: datetime
    intent: Intent | None = None
