"""Whether a state that its engine keeps elsewhere (`as-written`) is the one that the record knows (laws 12 and 13)."""

from __future__ import annotations

from runner.model.names import TargetName
from runner.model.plan import StateFacts
from runner.model.verdict import Answer, Verdict

_GATE = "state"


def kept_state_verdict(target: TargetName, named: StateFacts, found: StateFacts) -> Verdict:
    """`named` is what the record says, `found` what the engine gives out; without a lineage there is none. A state that
    is gone, another's or older is denied; a newer one of the same lineage was written by another hand, and is told."""
    if not named.lineage or named == found:
        return Verdict(gate=_GATE, answer=Answer.ALLOW, because="the record names no other state")
    recover = f"`runner state recover {target}` shows the difference and records it"
    if not found.lineage:
        because = f"the state of `{target}` that the record names is not where its backend looks for it"
        hint = (
            "look at the backend and at `settings:`; nothing is planned as new while the record names a state"
        )
        return Verdict(gate=_GATE, answer=Answer.DENY, code="state-missing", because=because, hint=hint)
    if found.lineage != named.lineage:
        because = (
            f"the state of `{target}` is not the one on record: its lineage is {found.lineage}, "
            f"not {named.lineage}"
        )
        return Verdict(
            gate=_GATE, answer=Answer.DENY, code="state-not-on-record", because=because, hint=recover
        )
    serials = f"the backend holds serial {found.serial}, the record names {named.serial}"
    if found.serial < named.serial:
        because = f"the state of `{target}` moved back: {serials}"
        hint = "somebody put an older state in its place; find out who before anything is applied"
        return Verdict(gate=_GATE, answer=Answer.DENY, code="state-moved-back", because=because, hint=hint)
    if found.serial > named.serial:
        because = f"the state of `{target}` was changed by another hand: {serials}"
        return Verdict(gate=_GATE, answer=Answer.WARN, code="state-foreign", because=because, hint=recover)
    return Verdict(gate=_GATE, answer=Answer.ALLOW, because="the same serial")
