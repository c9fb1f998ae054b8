"""Pending applies of an environment: a blob a target, beside its leases (DESIGN, section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from msgspec.structs import replace

from runner.git import Edit, Outbox, Pushed, Refs
from runner.ledger.codec import blob
from runner.ledger.json_fields import Fields, NotReadable, instant_text
from runner.ledger.ledger_paths import locks_ref, segment
from runner.model.names import TargetName
from runner.model.pending import Differing, PendingApply

PENDING = "pending/"


class GitPendingApplies:
    """See PendingApplies: in the ref of the leases."""

    def __init__(self, refs: Refs, outbox: Outbox) -> None:
        self._refs = refs
        self._outbox = outbox

    def standing(self, environment: str, *, refresh: bool = True) -> Mapping[TargetName, PendingApply]:
        """See PendingApplies."""
        ref = locks_ref(environment)
        if refresh:
            self._refs.refresh([ref])
        blobs = self._refs.blobs(ref, PENDING)
        found: dict[TargetName, PendingApply] = {}
        for _, content in blobs.values():
            with suppress(NotReadable):
                each = pending_of(content)
                found[each.target] = each
        return {name: each for name, each in found.items() if name.environment == environment}

    def replace(self, environment: str, waiting: Iterable[PendingApply], over: Iterable[TargetName]) -> bool:
        """See PendingApplies."""
        before = self.standing(environment)
        changes: dict[str, bytes | None] = {pending_path(name.stack): None for name in over if name in before}
        for each in waiting:
            known = before.get(each.target)
            if known is None or replace(known, at=each.at, run=each.run) != each:
                changes[pending_path(each.target.stack)] = pending_blob(each)
        if not changes:
            return True
        message = f"runner: pending applies of {environment}"
        edit = Edit(ref=locks_ref(environment), changes=changes, message=message)
        return isinstance(self._outbox.submit([edit]).wait(), Pushed)


def pending_path(stack: str) -> str:
    """Where a target's pending apply stands."""
    return f"{PENDING}{segment(stack)}.json"


def pending_blob(each: PendingApply) -> bytes:
    """One target's blob."""
    return blob(
        {
            "target": {"environment": each.target.environment, "stack": each.target.stack},
            "commit": each.commit,
            "law": each.law,
            "waits": list(each.waits),
            "at": instant_text(each.at),
            "digest": each.digest,
            "pulls": list(each.pulls),
            "differing": [
                {"name": one.name, "approved": one.approved, "now": one.now, "because": one.because}
                for one in each.differing
            ],
            "run": each.run,
        }
    )


def pending_of(content: bytes) -> PendingApply:
    """What `pending_blob` made a blob of. NotReadable."""
    fields = Fields.of_blob(content, "a pending apply")
    target = fields.below("target")
    pulls = fields.value("pulls")
    if target is None or not isinstance(pulls, list):
        raise NotReadable("a pending apply has no target, or no list of pull requests")
    return PendingApply(
        target=TargetName(environment=target.text("environment"), stack=target.text("stack")),
        commit=fields.text("commit"),
        law=fields.text("law"),
        waits=fields.texts("waits"),
        at=fields.instant("at"),
        digest=fields.text("digest"),
        pulls=tuple(each for each in pulls if isinstance(each, int)),
        differing=tuple(
            Differing(
                name=one.text("name"),
                approved=one.text("approved"),
                now=one.text("now"),
                because=one.text("because"),
            )
            for one in fields.items("differing")
        ),
        run=fields.text("run"),
    )
