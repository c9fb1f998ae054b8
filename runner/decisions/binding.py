"""Does a plan still hold: which named digests differ from the approved ones, in words, and whether that matters."""

from __future__ import annotations

from msgspec import Struct

from runner.model.change import ChangeKind
from runner.model.plan import Digests, Planned
from runner.model.verdict import Answer, Verdict

_WORDS = {
    "changes": "what would be done to resources is no longer the same",
    "outputs": "the outputs would come to something else",
    "code": "files that the plan can see have changed",
    "inputs": "an input has another value",
    "engine": "another engine, or another version of it, would do it",
    "lineage": "the state is another one",
}
ALWAYS_EQUAL = ("changes", "outputs", "engine", "lineage")
"""Law 1: these are equal at apply, whoever approved whatever."""


class Difference(Struct, frozen=True, kw_only=True):
    """One named digest that differs."""

    name: str
    because: str


def differences(approved: Digests, now: Digests) -> tuple[Difference, ...]:
    """The named digests that differ, in the order of law 1; empty when the plan is the approved one."""
    return tuple(
        Difference(name=name, because=words)
        for name, words in _WORDS.items()
        if getattr(approved, name) != getattr(now, name)
    )


def has_unknown(planned: Planned) -> bool:
    """Whether a value of the plan is known only after apply: then equal changes do not mean equal code."""
    changed = any(each.unknown_paths or each.kind is ChangeKind.UNKNOWN for each in planned.changes)
    return changed or any(not each.known for each in planned.outputs) or not planned.complete


def holds(approved: Digests, now: Digests, planned: Planned, *, code_approved: bool) -> Verdict:
    """Whether `now`, the plan that was made anew as `planned`, may be applied on the approval of `approved`.

    `code_approved`: every commit between them came through an approved pull request of its own.
    """
    found = differences(approved, now)
    if not found:
        return Verdict(gate="approval", answer=Answer.ALLOW, because="the plan is the approved one")
    hard = [each for each in found if each.name in ALWAYS_EQUAL]
    if not hard and code_approved and not has_unknown(planned):
        names = " and ".join(each.name for each in found)
        because = f"the changes are the approved ones; what differs ({names}) was approved by itself"
        return Verdict(gate="approval", answer=Answer.ALLOW, because=because)
    listed = "; ".join(f"{each.name}: {each.because}" for each in hard or found)
    if not hard and code_approved:
        listed += "; and a value of the plan is known only after apply, so equal changes prove nothing"
    return Verdict(
        gate="approval",
        answer=Answer.DENY,
        code="plan-stale",
        because=f"the plan is not the approved one ({listed})",
        hint="look at the new plan, and approve that",
    )
