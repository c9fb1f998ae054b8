"""An answer that opens or closes something, always with its because."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    """`wait` opens by itself one day (a window), `deny` only when somebody changes something."""

    ALLOW = "allow"
    WARN = "warn"
    WAIT = "wait"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`gate` is the key that spoke (`windows`); `code` a diagnostic's slug; `hint` the way out."""

    gate: str
    answer: Answer
    because: str
    code: str = ""
    hint: str = ""
