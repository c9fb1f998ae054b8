"""An answer that opens or closes something, always with its because."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Answer(StrEnum):
    """`wait` opens by itself one day (a window), `deny` only when somebody changes something."""

    ALLOW = "allow"
    WARN = "warn"
    WAIT = "wait"
    DENY = "deny"


class Verdict(Struct, frozen=True, kw_only=True):
    """`gate` is the key that spoke (`windows`); `code` a diagnostic's slug; `hint` the way out."""

    gate: str
    answer: Answer
    because: str
    code: str = ""
    hint: str = ""
