"""A lock with holder, nonce, expiry and fence number, and the intent that is announced before anything changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from runner.model.names import TargetName


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Said at the remote before an engine may change anything. `purpose`: apply | destroy | surgery."""

    run: str
    purpose: str
    code: str
    commit: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
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
