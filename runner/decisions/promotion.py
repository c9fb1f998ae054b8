"""Whether the same code has proved itself elsewhere first (`promote:`). Pure: what is live there is handed in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from runner.model.entry import Entry, EntryKind, Result
from runner.model.environment import Gates, Promote
from runner.model.names import TargetName
from runner.model.verdict import Answer, Verdict

_GATE = "promote"


class Proof(Struct, frozen=True, kw_only=True):
    """What another environment says of the code that is to be applied. `wished`: the target exists there. `since` is
    when that code went live there, None where it is not live; `because` says why not."""

    target: TargetName
    wished: bool
    since: datetime | None = None
    because: str = ""


def live_since(code: str, entries: Iterable[Entry]) -> tuple[datetime | None, str]:
    """When the code digest went live, from a target's entries, the newest first: the oldest of the newest applies of it
    in a row. Anything else in between, a failure too, begins the count anew. Else None, with why."""
    since: datetime | None = None
    for entry in entries:
        whole = entry.kind is EntryKind.APPLY and not entry.partial and entry.digests is not None
        same = whole and entry.digests is not None and entry.digests.code == code
        if same and entry.result is Result.SUCCEEDED:
            since = entry.at
            continue
        if since is not None:
            break
        if entry.result is not Result.SUCCEEDED:
            return None, f"its last run there ended as {entry.result}"
        if entry.kind is not EntryKind.APPLY or entry.partial:
            return None, f"what is live there was made by {entry.kind}, or in part"
        return None, f"other code is live there, of {entry.commit[:12]}"
    return since, "" if since else "nothing of it is live there"


def promotion_verdict(promote: Promote, proofs: Sequence[Proof], now: datetime) -> Verdict:
    """The first of `promote.after` that does not vouch for the code closes; waiting is all it takes."""
    for proof in proofs:
        environment = proof.target.environment
        if not proof.wished:
            if promote.missing == "allow":
                continue
            because = f"`{proof.target}` does not exist, and its code must be live there first"
            hint = f"add it to `{environment}`, or let `promote: {{missing: allow}}` pass what is not there"
            return _closed("promotion-missing", because, hint)
        if proof.since is None:
            because = f"the same code must be live in `{environment}` first: {proof.because}"
            return _closed("promotion-missing", because, f"runner up {proof.target}")
        ready = proof.since + timedelta(seconds=promote.soak)
        if now < ready:
            because = (
                f"the same code is live in `{environment}` since {proof.since:%Y-%m-%d %H:%M} UTC, and has to stay so "
                f"until {ready:%Y-%m-%d %H:%M} UTC"
            )
            return _closed("promotion-soaking", because, "wait, or --break-glass REASON")
    return Verdict(gate=_GATE, answer=Answer.ALLOW, because="the same code is live where it has to be first")


def promotion_foreseen(gates: Gates) -> Verdict:
    """What is told before a merge: that an apply will wait for other environments, which the merge itself may serve."""
    if gates.promote is None:
        return Verdict(gate=_GATE, answer=Answer.ALLOW, because="no other environment has to have it first")
    places = ", ".join(f"`{each}`" for each in gates.promote.after)
    soak = f", for {timedelta(seconds=gates.promote.soak)}" if gates.promote.soak else ""
    because = f"after a merge, it waits until the same code is live in {places}{soak}"
    return Verdict(gate=_GATE, answer=Answer.WARN, code="promotion-missing", because=because)


def _closed(code: str, because: str, hint: str) -> Verdict:
    return Verdict(gate=_GATE, answer=Answer.WAIT, code=code, because=because, hint=hint)
