"""Where a target stands within a run, and which steps are possible: one table, one function."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """The phases of one target in one run."""

    QUEUED = "queued"
    PREPARING = "preparing"
    PLANNING = "planning"
    PLANNED = "planned"
    APPROVED = "approved"
    APPLYING = "applying"
    RECORDING = "recording"
    SUCCEEDED = "succeeded"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    SKIPPED = "skipped"
    PENDING = "pending"


TRANSITIONS: dict[Phase, frozenset[Phase]] = {
    Phase.QUEUED: frozenset({Phase.PREPARING, Phase.SKIPPED, Phase.PENDING, Phase.FAILED}),
    Phase.PREPARING: frozenset({Phase.PLANNING, Phase.FAILED, Phase.SKIPPED, Phase.PENDING}),
    Phase.PLANNING: frozenset({Phase.PLANNED, Phase.FAILED, Phase.SKIPPED, Phase.PENDING}),
    Phase.PLANNED: frozenset({Phase.APPROVED, Phase.UNCHANGED, Phase.PENDING, Phase.SKIPPED, Phase.FAILED}),
    Phase.APPROVED: frozenset({Phase.APPLYING, Phase.FAILED, Phase.SKIPPED, Phase.PENDING}),
    Phase.APPLYING: frozenset({Phase.RECORDING}),
    Phase.RECORDING: frozenset({Phase.SUCCEEDED, Phase.FAILED}),
}
"""Nothing is applied that was not approved; what was applied is always recorded before it ends."""

FINAL = frozenset({Phase.SUCCEEDED, Phase.UNCHANGED, Phase.FAILED, Phase.SKIPPED, Phase.PENDING})


def advanced(now: Phase, wanted: Phase) -> Phase:
    """`wanted`, when the table allows it from `now`; ValueError otherwise, which is a bug of ours."""
    if wanted not in TRANSITIONS.get(now, frozenset()):
        raise ValueError(f"a target cannot go from {now} to {wanted}")
    return wanted
