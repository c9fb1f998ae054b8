"""A saved plan as it rests: the engine's file, encrypted, with a label beside it that says what it is a plan of.

The label is in the open, so that plans can be listed without a key; the same label lies in the envelope, and only that
one is believed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from runner.diagnostics import Diagnostic
from runner.errors import Denied, HistoryMoved
from runner.kit.canonical import encode
from runner.kit.crypto import KeyRing
from runner.kit.envelope import Context, Purpose, open_object, seal_object
from runner.model.names import TargetName
from runner.model.plan import StateFacts

LENGTH_BYTES = 8


class SavedPlan(Struct, frozen=True, kw_only=True):
    """`digest` is the plan digest that a person names, `commit` what was planned; `content` the engine's file, or what
    else belongs to the plan."""

    target: TargetName
    digest: str
    commit: str
    state: StateFacts
    made_at: datetime
    engine: str = ""
    content: bytes = b""

    __repr__ = object.__repr__  # what it holds is not to be read in a traceback


class PlanSeal(Struct, frozen=True, kw_only=True):
    """Seals plans of one environment; over `max_bytes` of sealed plan it refuses."""

    keys: KeyRing
    ledger: str
    max_bytes: int

    __repr__ = object.__repr__  # what it holds is not to be read in a traceback

    def seal(self, plan: SavedPlan) -> bytes:
        """The plan and its label in an envelope. Denied `plan-too-large`."""
        label = written_label(plan)
        plain = len(label).to_bytes(LENGTH_BYTES, "big") + label + plan.content
        sealed = seal_object(self.keys.current, self._context(plan), plain)
        if len(sealed) > self.max_bytes:
            message = f"the plan of `{plan.target}` takes {len(sealed)} bytes; `plans.max_bytes` is {self.max_bytes}"
            hint = "raise the limit, or set `plans: {store: digest-only}`"
            raise Denied(Diagnostic(code="plan-too-large", message=message, hint=hint))
        return sealed

    def open(self, target: TargetName, label: bytes, sealed: bytes) -> SavedPlan:
        """The plan. HistoryMoved `plan-not-authentic` when label and envelope are not of one piece, or of another
        target; AskedWrongly `key-unknown`."""
        said = read_label(target, label)
        plain = open_object(self.keys, self._context(said), sealed)
        end = LENGTH_BYTES + int.from_bytes(plain[:LENGTH_BYTES], "big")
        if plain[LENGTH_BYTES:end] != label:
            raise plan_not_authentic(target, "does not belong to the label beside it")
        return replace(said, content=plain[end:])

    def _context(self, plan: SavedPlan) -> Context:
        return Context(
            purpose=Purpose.PLAN,
            ledger=self.ledger,
            environment=plan.target.environment,
            target=str(plan.target),
            lineage=plan.state.lineage,
            serial=plan.state.serial,
        )


def written_label(plan: SavedPlan) -> bytes:
    """The label as bytes."""
    return encode(
        {
            "schema": 1,
            "target": str(plan.target),
            "digest": plan.digest,
            "commit": plan.commit,
            "lineage": plan.state.lineage,
            "serial": plan.state.serial,
            "state": plan.state.digest,
            "made_at": plan.made_at.isoformat(),
            "engine": plan.engine,
        }
    )


def read_label(target: TargetName, content: bytes) -> SavedPlan:
    """What a label says. HistoryMoved `plan-not-authentic` when it is another target's or no label."""
    try:
        said: Mapping[str, object] = json.loads(content)
        if said["schema"] != 1 or said["target"] != str(target):
            raise ValueError("of another target")
        facts = StateFacts(
            lineage=str(said["lineage"]), serial=int(str(said["serial"])), digest=str(said["state"])
        )
        return SavedPlan(
            target=target,
            digest=str(said["digest"]),
            commit=str(said["commit"]),
            state=facts,
            made_at=datetime.fromisoformat(str(said["made_at"])),
            engine=str(said["engine"]),
        )
    except (ValueError, KeyError, TypeError):
        raise plan_not_authentic(target, "has a label that does not fit it") from None


def plan_not_authentic(target: TargetName, what: str) -> HistoryMoved:
    """The stored plan cannot be believed."""
    message = f"the stored plan of `{target}` {what}"
    hint = f"plan again: `runner preview {target}`"
    return HistoryMoved(Diagnostic(code="plan-not-authentic", message=message, hint=hint))
